/**
 * Everything but what needs files, for those who prefer one import. Bundlers leave out what is not
 * used; the entries by part (`/client`, `/resource-server`, `/protocol`) say more in an import.
 */

export * from './client/index.ts'
export * from './protocol/index.ts'
export * from './resource-server/index.ts'
