/**
 * Files and directories that other users must not be able to write, and secrets that they must not
 * read.
 */

export { createDirectories } from './create-directories.ts'
export { readMountedFile, readMountedFileSync } from './mounted-file.ts'
export {
  assertOwnAncestors,
  assertOwnDirectory,
  assertPrivate,
  assertPrivateFile,
  assertProgram,
  linkedAway,
  replaceableBy,
  UnsafePermissions,
} from './permissions.ts'
