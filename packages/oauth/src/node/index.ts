/** For processes with files and an environment. */

export { createTokenSource, tokenSourceFromEnv } from './create-token-source.ts'
export { type FileTokenStoreOptions, fileTokenStore } from './file-token-store.ts'
export {
  type Forbidden,
  NotPrivateError,
  openPrivateFile,
  preparePrivateDirectory,
  readPrivateFileSync,
} from './private-files.ts'
export {
  clientKeyFromFile,
  type Environment,
  resolveSecret,
  secretFromEnv,
  secretFromFile,
} from './sources.ts'
