/** Files and directories that others must not have written, and secrets that they must not read. */

export { readMountedFile, readMountedFileSync } from './mounted-file.ts'
export {
  assertOwnDirectory,
  assertPrivate,
  assertPrivateFile,
  linkedAway,
  replaceableBy,
  UnsafePermissions,
} from './permissions.ts'
