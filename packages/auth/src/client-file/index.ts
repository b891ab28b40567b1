/**
 * Files of clients: CSV or NDJSON in, credentials as CSV out. `miot clients import` and the console
 * share it, so it also runs in a browser: bytes, text and nothing of Node.
 */

export { ClientFileError } from './client-file-error.ts'
export { CREDENTIALS_HEADER, credentialsLine, type NewCredentials } from './credentials.ts'
export {
  type ClientRow,
  type ClientRowsOptions,
  readClients,
  refuseRepeated,
  withoutEnvironment,
} from './rows.ts'
export { CLIENTS_TEMPLATE } from './template.ts'
