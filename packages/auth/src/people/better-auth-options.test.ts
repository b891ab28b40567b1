import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { getMigrations } from 'better-auth/db/migration'
import { openPostgresAuthStore } from '../store/postgres/postgres-store.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { betterAuthOptions } from './better-auth-options.ts'
import { accountsDatabase } from './dialect.ts'
import { createPasswords } from './passwords.ts'

const server = await startPostgres()
const directory = mkdtempSync(join(tmpdir(), 'miot-people-'))
after(async () => {
  await server.stop()
  rmSync(directory, { recursive: true, force: true })
})

function optionsFor({ accounts }: AuthStore) {
  return betterAuthOptions({
    statements: accounts,
    passwords: createPasswords(),
    secrets: [new Uint8Array(32).fill(7)],
    requireVerification: false,
    maySignIn: async () => true,
    onVerification: async () => {},
    onVerificationToken: async () => {},
    onResetToken: async () => {},
    onPasswordReset: async () => {},
    onLog: () => {},
  })
}

/** What better-auth would still create; `type` decides how it looks at the database. */
async function missing(store: AuthStore, schema: object) {
  const options = optionsFor(store)
  const database = { db: accountsDatabase(store.accounts) as never, transaction: false, ...schema }
  const { toBeCreated, toBeAdded } = await getMigrations({ ...options, database } as never)
  const named = (list: typeof toBeCreated) => list.map(({ table, fields }) => [table, fields])
  return { created: named(toBeCreated), added: named(toBeAdded) }
}

describe('our migrations', () => {
  it('make every table and column of better-auth in SQLite', async () => {
    const store = openSqliteAuthStore(join(directory, 'auth.db'))
    assert.deepEqual(await missing(store, { type: 'sqlite' }), { created: [], added: [] })
    await store.close()
  })

  it('make every table and column of better-auth in PostgreSQL', async () => {
    const store = await openPostgresAuthStore(await server.createDatabase())
    const found = await missing(store, { type: 'postgres', schemaName: 'auth' })
    assert.deepEqual(found, { created: [], added: [] })
    await store.close()
  })
})
