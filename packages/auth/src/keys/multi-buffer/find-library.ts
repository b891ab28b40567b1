/**
 * Where `libcrypto_mb` may be loaded from. Its code runs in this process, with every secret of it,
 * so only root and the server's user may be able to change the file or a folder above it.
 */

import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { assertOwnAncestors, assertOwnDirectory, assertProgram } from '@modulariot/platform/files'

/** With the major version of its interface, the one that was tested. */
export const LIBRARY_FILE = 'libcrypto_mb.so.13'

/** Where systems install libraries. No folder of a user, and no path from the environment. */
export const SYSTEM_FOLDERS: readonly string[] = [
  '/usr/local/lib',
  '/usr/local/lib64',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
]

/** The other run-time libraries need it, and have the loader look for it in `../lib`. */
const NEEDED_BY_OTHERS = 'libintlc.so.5'

/**
 * The run-time libraries of Intel's compiler, which Intel's builds need: loaded from the library's
 * own folder if they are there, or from the one that a link leads to, each after what it needs.
 * Elsewhere the system has to know them.
 */
const RUN_TIME = [NEEDED_BY_OTHERS, 'libimf.so', 'libirng.so', 'libsvml.so']

export interface FoundLibrary {
  /** Absolute, without links. */
  readonly path: string
  /** What to load before; absolute, without links. */
  readonly needs: readonly string[]
}

/** Null: no folder has it. */
export function findLibrary(folders: readonly string[] = SYSTEM_FOLDERS): string | null {
  return folders.map((folder) => join(folder, LIBRARY_FILE)).find(existsSync) ?? null
}

/**
 * @param path absolute.
 * @throws UnsafePermissions when another user could change it; Error when it is no regular file or
 *   the copy is not complete; what `fs` throws when it is missing.
 */
export function checkedLibrary(path: string): FoundLibrary {
  const folders = [dirname(path), dirname(realpathSync(path))]
  const needs = RUN_TIME.flatMap(
    (name) => folders.map((folder) => join(folder, name)).find(existsSync) ?? [],
  )
  // Nothing checks `../lib`, and another user may be able to create it.
  if (needs.length > 0 && basename(needs[0] as string) !== NEEDED_BY_OTHERS) {
    throw new Error(`${NEEDED_BY_OTHERS} is missing in ${dirname(needs[0] as string)}`)
  }
  return { path: checkedFile(path), needs: needs.map(checkedFile) }
}

function checkedFile(file: string): string {
  const target = realpathSync(file)
  // The target as well: a link can lead elsewhere by the time it is followed again.
  for (const each of [file, target]) assertProgram(each)
  assertOwnDirectory(dirname(target))
  assertOwnAncestors(target)
  // Opening a pipe would wait for a writer, without end.
  if (!statSync(target).isFile()) throw new Error(`${file} is not a regular file`)
  return target
}
