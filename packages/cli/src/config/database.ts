/** Where the stores are: a directory with two SQLite files, or a PostgreSQL database. */

import { join, resolve } from 'node:path'

export type Database =
  /** Absolute path; contains `auth.db` and `telemetry.db`. */
  | { readonly kind: 'sqlite'; readonly directory: string }
  /** May contain a password: print `displayName` instead. */
  | { readonly kind: 'postgres'; readonly url: string }

/** @throws Error without the text, which may contain a password. */
export function parseDatabaseUrl(text: string): Database {
  if (/^postgres(ql)?:/.test(text)) return parsePostgresUrl(text)
  if (/^sqlite:[^/]*\/\/[^/]/.test(text) || text === 'sqlite:') {
    throw new Error('must name a directory, such as sqlite:/var/lib/modulariot')
  }
  if (!text.startsWith('sqlite:')) {
    throw new Error('must be sqlite:<directory> or postgres://user:password@host:5432/database')
  }
  const directory = resolve(text.slice('sqlite:'.length).replace(/^\/\//, ''))
  return { kind: 'sqlite', directory }
}

function parsePostgresUrl(text: string): Database {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^postgres(ql)?:\/\//.test(text) || /\s/.test(text)) {
    throw new Error(
      'cannot be read as a URL: write postgres://user:password@host:5432/database, with what is special in a password percent-encoded',
    )
  }
  if (!/^\/[^/]+$/.test(url.pathname)) {
    throw new Error('must name a database, such as postgres://user:password@host:5432/modulariot')
  }
  return { kind: 'postgres', url: text }
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
