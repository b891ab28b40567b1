/**
 * Files that the operator provides: the values of `X_FILE` settings, certificates and their keys.
 */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { assertNotPlanted } from './permissions.ts'

/**
 * @throws UnsafePermissions when another user could have written the file; what `fs` throws when it
 *   cannot be read.
 */
export function readMountedFileSync(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    assertNotPlanted(path, fstatSync(file))
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

/** The same, without blocking. */
export async function readMountedFile(path: string): Promise<Buffer> {
  await using file = await open(path, 'r')
  assertNotPlanted(path, await file.stat())
  return await file.readFile()
}
