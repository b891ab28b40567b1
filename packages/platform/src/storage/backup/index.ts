/** Copies of SQLite files that are in use, and checks of such copies. Loaded by backups only. */

export { damageIn, databaseBytes, openCopy, versionOfCopy } from './copies.ts'
export { copyDatabases, type DatabaseCopy } from './copy-databases.ts'
