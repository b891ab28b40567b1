/**
 * Files and directories that other users must not be able to write, and secrets that they must not
 * read.
 */

export { readMountedFile, readMountedFileSync } from './mounted-file.ts'
export {
  assertOwnDirectory,
  assertPrivate,
  assertPrivateFile,
  linkedAway,
  replaceableBy,
  UnsafePermissions,
} from './permissions.ts'
