import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { startPostgres } from '../../testing/postgres.ts'
import { StoreUnavailable } from '../errors.ts'
import type { Migration } from '../migrations.ts'
import { refusesWrites } from '../write-faults.ts'
import { trialWrite } from './assert-writable.ts'
import { postgresClock } from './database-clock.ts'
import { migratePostgres } from './migrate-postgres.ts'
import { openPostgres, type Postgres } from './open-postgres.ts'

const ONE: Migration = { version: 1, name: 'one', sql: 'CREATE TABLE auth.one (a INTEGER)' }
const TWO: Migration = {
  version: 2,
  name: 'two',
  sql: 'CREATE TABLE auth.two (a INTEGER); INSERT INTO auth.two SELECT a FROM auth.one',
}
const BROKEN: Migration = {
  version: 2,
  name: 'broken',
  sql: 'CREATE TABLE auth.half (a INTEGER); INSERT INTO nowhere VALUES (1)',
}

const server = await startPostgres()
after(() => server.stop())

let url: string
let postgres: Postgres
beforeEach(async () => {
  url = await server.createDatabase()
  postgres = openPostgres(url)
})
afterEach(() => postgres.close())

async function tables(): Promise<string[]> {
  const { rows } = await postgres.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname IN ('auth', 'telemetry') ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

async function versions(): Promise<number[]> {
  const { rows } = await postgres.query<{ version: number }>(
    'SELECT version FROM auth.migrations ORDER BY version',
  )
  return rows.map(({ version }) => version)
}

describe('migratePostgres', () => {
  it('runs pending migrations, in order, and records them', async () => {
    assert.deepEqual(await migratePostgres(postgres, 'auth', [ONE]), { from: 0, to: 1 })
    await postgres.query('INSERT INTO auth.one VALUES (7)')
    assert.deepEqual(await migratePostgres(postgres, 'auth', [ONE, TWO]), { from: 1, to: 2 })
    assert.deepEqual(await versions(), [1, 2])
    assert.deepEqual((await postgres.query('SELECT a FROM auth.two')).rows, [{ a: 7 }])
  })

  it('changes nothing when nothing is new', async () => {
    await migratePostgres(postgres, 'auth', [ONE, TWO])
    const before = await postgres.query('SELECT * FROM auth.migrations')
    assert.deepEqual(await migratePostgres(postgres, 'auth', [ONE, TWO]), { from: 2, to: 2 })
    assert.deepEqual(await postgres.query('SELECT * FROM auth.migrations'), before)
  })

  it('keeps components apart', async () => {
    await migratePostgres(postgres, 'auth', [ONE, TWO])
    const other = { version: 1, name: 'other', sql: 'CREATE TABLE telemetry.other (a INTEGER)' }
    assert.deepEqual(await migratePostgres(postgres, 'telemetry', [other]), { from: 0, to: 1 })
    assert.deepEqual(await tables(), [
      'auth.migrations',
      'auth.one',
      'auth.two',
      'telemetry.migrations',
      'telemetry.other',
    ])
  })

  it('refuses a migration whose text has changed since it ran, and runs no later one', async () => {
    await migratePostgres(postgres, 'auth', [ONE])
    const edited = { ...ONE, sql: `${ONE.sql} -- edited` }
    await assert.rejects(migratePostgres(postgres, 'auth', [edited, TWO]), /1 \(one\) has changed/)
    assert.deepEqual(await tables(), ['auth.migrations', 'auth.one'])
  })

  it('refuses a database that a newer program has migrated', async () => {
    await migratePostgres(postgres, 'auth', [ONE, TWO])
    await assert.rejects(
      migratePostgres(postgres, 'auth', [ONE]),
      /version 2, this program knows 1/,
    )
  })

  it('keeps nothing of a failed migration, nor of those before it in the same run', async () => {
    await assert.rejects(migratePostgres(postgres, 'auth', [ONE, BROKEN]), /nowhere/)
    assert.deepEqual(await tables(), [])
    await migratePostgres(postgres, 'auth', [ONE, TWO])
    assert.deepEqual(await versions(), [1, 2])
  })

  it('lets instances that start together on a new database all succeed, and runs once', async () => {
    const instances = Array.from({ length: 6 }, () => openPostgres(url))
    try {
      const runs = instances.map((one) => migratePostgres(one, 'auth', [ONE, TWO]))
      const firsts = (await Promise.all(runs)).filter(({ from }) => from === 0)
      assert.equal(firsts.length, 1)
      assert.deepEqual(await versions(), [1, 2])
    } finally {
      for (const one of instances) await one.close()
    }
  })

  it('needs no privilege to create an existing schema', async () => {
    await migratePostgres(postgres, 'auth', [ONE])
    await postgres.query(
      `CREATE ROLE limited LOGIN PASSWORD 'limited'; GRANT USAGE ON SCHEMA auth TO limited;
       GRANT SELECT ON auth.migrations TO limited`,
    )
    const limited = new URL(url)
    limited.username = limited.password = 'limited'
    const asLimited = openPostgres(limited.href)
    try {
      assert.deepEqual(await migratePostgres(asLimited, 'auth', [ONE]), { from: 1, to: 1 })
    } finally {
      await asLimited.close()
    }
  })

  it('refuses a database in an encoding that cannot hold every name', async () => {
    await postgres.query(
      `CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`,
      [],
      { timeoutMs: 20_000 },
    )
    const latin = new URL(url)
    latin.pathname = '/latin'
    const inLatin = openPostgres(latin.href)
    try {
      await assert.rejects(
        migratePostgres(inLatin, 'auth', [ONE]),
        /LATIN1: create one WITH ENCODING/,
      )
    } finally {
      await inLatin.close()
    }
  })
})

describe('trialWrite', () => {
  it('writes nothing new, and fails with an error that counts as refused', async () => {
    await migratePostgres(postgres, 'auth', [ONE])
    const before = await postgres.query('SELECT * FROM auth.migrations')
    await trialWrite(postgres, 'auth')
    assert.deepEqual(await postgres.query('SELECT * FROM auth.migrations'), before)
    const readOnly = postgres.transaction(async (query) => {
      await query('SET TRANSACTION READ ONLY')
      await trialWrite({ query }, 'auth')
    })
    const error = await readOnly.catch((fault: unknown) => fault)
    assert.ok(error instanceof StoreUnavailable)
    assert.equal(refusesWrites(error), true)
  })
})

describe('postgresClock', () => {
  it('is the time of the server, in milliseconds', async () => {
    const began = Date.now()
    const there = await postgresClock(url)
    assert.ok(there >= began - 1 && there <= Date.now() + 1, `${there - began} ms`)
  })
})
