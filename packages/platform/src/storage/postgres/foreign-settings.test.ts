/** What a database, a pooler or a network of someone else's makes of our connections. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, afterEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { startDistant } from '../../testing/distant.ts'
import { startPooler } from '../../testing/pooler.ts'
import { startPostgres } from '../../testing/postgres.ts'
import { StoreUnavailable } from '../errors.ts'
import { openPostgres, type Postgres } from './open-postgres.ts'

const server = await startPostgres()
after(() => server.stop())

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

function open(url: string): Postgres {
  const postgres = openPostgres(url)
  opened.push(postgres)
  return postgres
}

describe('numbers of a database that rounds them by default', () => {
  it('arrive exactly', async () => {
    const url = await server.createDatabase()
    const name = new URL(url).pathname.slice(1)
    await open(url).query(`ALTER DATABASE ${name} SET extra_float_digits = 0`)
    const exact = 0.1 + 0.2
    const { rows } = await open(url).query('SELECT $1::float8 AS a, to_json($1::float8) AS b', [
      exact,
    ])
    assert.deepEqual(rows, [{ a: exact, b: exact }])
  })
})

describe('a database that is 100 ms away', () => {
  it('answers queries and transactions, from the first on', async () => {
    const distant = await startDistant(await server.createDatabase(), 100)
    opened.push(distant)
    const postgres = open(distant.url)
    assert.equal((await postgres.query('SELECT 1')).count, 1)
    const results = await Promise.all([1, 2, 3].map(() => postgres.query('SELECT 1')))
    assert.equal(results.length, 3)
    await postgres.transaction(async (query) => {
      for (let statements = 0; statements < 5; statements++) await query('SELECT 1')
    })
  })
})

describe('a database that is too far away', () => {
  it('is unavailable with the limit, and how to change it', async () => {
    const distant = await startDistant(await server.createDatabase(), 500)
    opened.push(distant)
    await assert.rejects(open(distant.url).query('SELECT 1'), (error: Error) => {
      assert.ok(error instanceof StoreUnavailable)
      assert.match(error.message, /no connection within 800 ms; connect_timeout=<seconds>/)
      return true
    })
  })

  it('is connected to when connect_timeout allows for it', async () => {
    const distant = await startDistant(await server.createDatabase(), 500)
    opened.push(distant)
    const postgres = open(`${distant.url}?connect_timeout=60`)
    const { count } = await postgres.query('SELECT 1', [], { timeoutMs: 60_000 })
    assert.equal(count, 1)
    const slow = postgres.query('SELECT 1', [], { timeoutMs: 300 })
    await assert.rejects(slow, /no answer within 300 ms, the limit for one unit of work/)
  })
})

describe('a pooler', () => {
  it('that pools by transaction is refused by name at the first query', async () => {
    const pooler = await startPooler(await server.createDatabase(), 'transaction')
    opened.push(pooler)
    const postgres = open(pooler.url)
    for (const work of [
      () => postgres.query('SELECT 1'),
      () => postgres.transaction(async () => 1),
    ]) {
      await assert.rejects(work, (error: Error) => {
        assert.ok(error instanceof StoreUnavailable)
        assert.match(error.message, /pools by transaction.*LISTEN.*pool_mode = session/)
        return true
      })
    }
  })

  it('that pools by session passes', async () => {
    const pooler = await startPooler(await server.createDatabase(), 'session')
    opened.push(pooler)
    const postgres = open(pooler.url)
    await Promise.all([1, 2].map(() => postgres.query('SELECT 1')))
  })
})

describe('the warnings of the driver', () => {
  it('do not get among the lines of the log', async () => {
    const url = await server.createDatabase()
    const withoutPassword = new URL(url)
    withoutPassword.password = ''
    const script = `
      import { openPostgres } from ${JSON.stringify(import.meta.resolve('./open-postgres.ts'))}
      const postgres = openPostgres(${JSON.stringify(url)})
      await postgres.transaction((query) => Promise.all([1, 2, 3].map(() => query('SELECT 1'))))
      const late = (query) => Promise.allSettled([1, 2].map(() => query('SELECT pg_sleep(1)')))
      await postgres.transaction(late, { timeoutMs: 100 }).catch(() => {})
      await postgres.close()
      for (const url of [${JSON.stringify(withoutPassword.href)}, ${JSON.stringify(`${url}?sslmode=require`)}]) {
        const other = openPostgres(url)
        await other.query('SELECT 1').catch(({ message }) => console.log(message))
        await other.close()
      }`
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env: { ...process.env, PGPASSWORD: '', PGPASSFILE: '/etc/hostname', NODE_OPTIONS: '' } },
    )
    assert.equal(stderr, '')
    assert.match(stdout, /the database URL has none\n.*SSL/)
  })
})
