/** Where the stores are: a directory with two SQLite files, or a PostgreSQL database. */

import { join, resolve } from 'node:path'
import { parsePostgresUrl } from '@modulariot/platform/postgres-url'

export type Database =
  /** Absolute path; contains `auth.db` and `telemetry.db`. */
  | { readonly kind: 'sqlite'; readonly directory: string }
  /** May contain a password: print `displayName` instead. */
  | { readonly kind: 'postgres'; readonly url: string }

/** @throws Error without the text, which may contain a password. */
export function parseDatabaseUrl(text: string): Database {
  if (/^postgres(ql)?:/.test(text)) {
    parsePostgresUrl(text)
    return { kind: 'postgres', url: text }
  }
  if (/^sqlite:[^/]*\/\/[^/]/.test(text) || text === 'sqlite:') {
    throw new Error('must name a directory, such as sqlite:/var/lib/modulariot')
  }
  if (!text.startsWith('sqlite:')) {
    throw new Error('must be sqlite:<directory> or postgres://user:password@host:5432/database')
  }
  const directory = resolve(text.slice('sqlite:'.length).replace(/^\/\//, ''))
  return { kind: 'sqlite', directory }
}

/** How messages name the database; without its password. */
export function displayName(database: Database): string {
  if (database.kind === 'sqlite') return database.directory
  const { host, pathname } = new URL(database.url)
  return `postgres://${host}${pathname}`
}

export const sqliteFilesOf = (directory: string) => ({
  auth: join(directory, 'auth.db'),
  telemetry: join(directory, 'telemetry.db'),
})
