/** Creates directories for this user only, where Node's own function may never return. */

import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Creates the directory and its missing parents with mode 0700. One that exists stays as it is.
 *
 * Node's `recursive` never returns where mkdir(2) answers ENOENT below a directory that exists, as
 * in /proc.
 *
 * @throws what `fs` throws when it cannot be created, or when the path is a file.
 */
export function createDirectories(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const parent = dirname(path)
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' || existsSync(parent)) {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
      throw error
    }
    createDirectories(parent)
    createDirectories(path)
  }
}
