import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, afterEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inspect } from 'node:util'
import { startPostgres } from '../../testing/postgres.ts'
import { StoreConflict, StoreUnavailable } from '../errors.ts'
import { openPostgres, type Postgres, type PostgresOptions } from './open-postgres.ts'

/** The promised time, plus what a busy machine may add. */
const SOON_MS = 1000 + 1000

const server = await startPostgres()
after(() => server.stop())

let opened: Postgres[] = []
afterEach(async () => {
  const closing = opened
  opened = []
  for (const postgres of closing) await postgres.close()
})

function open(url: string, options: PostgresOptions = {}): Postgres {
  const postgres = openPostgres(url, options)
  opened.push(postgres)
  return postgres
}

async function openWithNumbers(): Promise<Postgres> {
  const postgres = open(await server.createDatabase())
  await postgres.query('CREATE TABLE numbers (value INTEGER PRIMARY KEY)')
  return postgres
}

async function numbers(postgres: Postgres): Promise<number[]> {
  const { rows } = await postgres.query<{ value: number }>('SELECT value FROM numbers ORDER BY 1')
  return rows.map(({ value }) => value)
}

/** Asserts a rejection as unavailable, in time, and without the password in it. */
async function assertUnavailable(asking: Promise<unknown>, password = 'hush'): Promise<void> {
  const askedAt = performance.now()
  await assert.rejects(asking, (error) => {
    assert.ok(error instanceof StoreUnavailable, inspect(error))
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(password))
    return true
  })
  assert.ok(performance.now() - askedAt < SOON_MS)
}

function withUrl(url: string, change: (url: URL) => void): string {
  const changed = new URL(url)
  change(changed)
  return changed.href
}

describe('PostgreSQL that cannot be reached', () => {
  it('is unavailable when no server listens there', async () => {
    await assertUnavailable(open('postgres://miot:hush@127.0.0.1:1/x').query('SELECT 1'))
    await assertUnavailable(open('postgres://miot:hush@127.0.0.1:1/x').transaction(async () => 1))
  })

  it('is unavailable when it rejects the login, or has no such database', async () => {
    const url = await server.createDatabase()
    const wrong = withUrl(url, (one) => {
      one.password = 'hush'
    })
    await assertUnavailable(open(wrong).query('SELECT 1'))
    const { password } = new URL(url)
    const nowhere = withUrl(url, (one) => {
      one.pathname = '/nowhere'
    })
    await assertUnavailable(open(nowhere).query('SELECT 1'), password)
  })

  it('is connected to with parameters that every pooler accepts', async () => {
    const sent = Promise.withResolvers<string>()
    const pooler = createServer((socket) => {
      socket.on('data', (startup) => sent.resolve(startup.toString('latin1', 8)))
      socket.on('error', () => undefined)
    }).listen(0, '127.0.0.1')
    await once(pooler, 'listening')
    const { port } = pooler.address() as AddressInfo
    await assertUnavailable(open(`postgres://miot:hush@127.0.0.1:${port}/x`).query('SELECT 1'))
    const names = (await sent.promise).split('\0').filter((_, index) => index % 2 === 0)
    pooler.close()
    // PgBouncer refuses other parameters unless configured to ignore them.
    const known = ['user', 'database', 'client_encoding', 'application_name', '']
    assert.deepEqual(
      names.filter((name) => !known.includes(name)),
      [],
    )
  })

  it('is refused at once when its URL is invalid, without quoting it', () => {
    for (const url of [
      'postgres://miot:hush@[x/y',
      'postgres://miot:hush@x/y?sslrootcert=/nowhere',
    ]) {
      assert.throws(
        () => openPostgres(url),
        (error) => {
          assert.match((error as Error).message, /^the database URL cannot be used/)
          assert.doesNotMatch(inspect(error), /hush/)
          return true
        },
      )
    }
  })

  it('is soon unavailable while it hangs, and recovers by itself', async () => {
    const postgres = await openWithNumbers()
    // Existing connections, and some that have to be opened.
    await Promise.all(Array.from({ length: 4 }, () => postgres.query('SELECT 1')))
    await server.kill('SIGSTOP')
    try {
      const askings = Array.from({ length: 12 }, () =>
        assertUnavailable(postgres.query('SELECT 1')),
      )
      await Promise.all(askings)
    } finally {
      await server.kill('SIGCONT')
    }
    assert.deepEqual(await numbers(postgres), [])
  })

  it('does not end the process when it is killed, and recovers when it is back', async () => {
    const postgres = await openWithNumbers()
    await Promise.all(Array.from({ length: 4 }, () => postgres.query('SELECT 1')))
    await server.kill('SIGKILL')
    try {
      await assertUnavailable(postgres.query('SELECT 1'))
    } finally {
      await server.restart()
    }
    assert.deepEqual(await numbers(postgres), [])
  })

  it('closes although it hangs', async () => {
    const postgres = openPostgres(await server.createDatabase())
    await postgres.query('SELECT 1')
    const hanging = assertUnavailable(postgres.query('SELECT pg_sleep(60)'))
    await server.kill('SIGSTOP')
    try {
      await postgres.close()
    } finally {
      await server.kill('SIGCONT')
    }
    await hanging
  })
})

describe('a query of PostgreSQL', () => {
  it('returns rows, and the number returned or changed', async () => {
    const postgres = await openWithNumbers()
    const inserted = await postgres.query('INSERT INTO numbers VALUES ($1), ($2)', [1, 2])
    assert.deepEqual(inserted, { rows: [], count: 2 })
    const named = { name: 'greater', text: 'SELECT value FROM numbers WHERE value > $1' }
    for (const least of [0, 1]) {
      const { rows, count } = await postgres.query(named, [least])
      assert.equal(rows.length, 2 - least)
      assert.equal(count, 2 - least)
    }
  })

  it('returns integers as numbers, and fails rather than round one', async () => {
    const postgres = open(await server.createDatabase())
    const { rows } = await postgres.query('SELECT 9007199254740991::bigint AS a, count(*) AS b')
    assert.deepEqual(rows, [{ a: Number.MAX_SAFE_INTEGER, b: 1 }])
    await assert.rejects(postgres.query('SELECT 9007199254740992::bigint'), RangeError)
    assert.equal((await postgres.query('SELECT 1')).count, 1)
  })

  it('that conflicts with stored rows is a conflict', async () => {
    const postgres = await openWithNumbers()
    await postgres.query('CREATE TABLE children (parent INTEGER REFERENCES numbers)')
    await postgres.query('INSERT INTO numbers VALUES (1)')
    for (const text of ['INSERT INTO numbers VALUES (1)', 'INSERT INTO children VALUES (2)']) {
      await assert.rejects(postgres.query(text), StoreConflict)
    }
  })

  it('with a mistake of ours rethrows the error unchanged', async () => {
    const postgres = await openWithNumbers()
    for (const text of ['SELEKT', 'SELECT * FROM nowhere', `SELECT 'x'::int`, 'SELECT 1/0']) {
      await assert.rejects(postgres.query(text), (error) => {
        assert.ok(!(error instanceof StoreUnavailable) && !(error instanceof StoreConflict), text)
        return true
      })
    }
  })

  it('cannot write to a read-only database', async () => {
    const url = await server.createDatabase()
    const { pathname } = new URL(url)
    const name = pathname.slice(1)
    await open(url).query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    await assertUnavailable(open(url).query('CREATE TABLE t (a INT)'))
  })

  it('gets the time it asks for', async () => {
    const postgres = open(await server.createDatabase())
    await assertUnavailable(postgres.query('SELECT pg_sleep(5)', [], { timeoutMs: 20 }))
    await postgres.query('SELECT pg_sleep(1)', [], { timeoutMs: 60_000 })
  })

  it('gets a connection that became free during a pause of this process', async () => {
    const postgres = open(await server.createDatabase(), { maxConnections: 1 })
    await postgres.query('SELECT 1')
    const before = postgres.query('SELECT 1')
    const waiting = postgres.query('SELECT 1', [], { timeoutMs: 400 })
    // Both are sent or wait, and nothing is read yet.
    for (let step = 0; step < 20; step++) await new Promise<void>(process.nextTick)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    assert.equal((await before).count, 1)
    assert.equal((await waiting).count, 1)
  })

  it('waits for a connection in use no longer than it may', async () => {
    const postgres = open(await server.createDatabase(), { maxConnections: 1 })
    await postgres.query('SELECT 1')
    const slow = postgres.query('SELECT pg_sleep(1)', [], { timeoutMs: 60_000 })
    const waiting = postgres.query('SELECT 1', [], { timeoutMs: 20 })
    await assert.rejects(waiting, /all 1 connections were busy for 20 ms/)
    await slow
    assert.equal((await postgres.query('SELECT 1')).count, 1)
  })

  it('never opens more connections than the pool allows', async () => {
    const url = await server.createDatabase()
    const postgres = open(url, { maxConnections: 3, applicationName: 'bounded' })
    const sent = Array.from({ length: 20 }, () =>
      postgres.query<{ connections: number }>(
        `SELECT count(*) AS connections FROM pg_stat_activity WHERE application_name = 'bounded'`,
        [],
        { timeoutMs: 60_000 },
      ),
    )
    const seen = (await Promise.all(sent)).map(({ rows }) => rows[0]?.connections ?? 0)
    assert.ok(Math.max(...seen) <= 3)
  })
})

describe('a query that timed out', () => {
  it('is cancelled on the server, too', async () => {
    const postgres = open(await server.createDatabase())
    for (const setting of ['statement_timeout', 'idle_in_transaction_session_timeout']) {
      const { rows } = await postgres.query(`SHOW ${setting}`)
      assert.deepEqual(rows, [{ [setting]: '10s' }])
    }
  })
})

describe('a transaction of PostgreSQL', () => {
  it('commits all of the work and returns its result', async () => {
    const postgres = await openWithNumbers()
    const result = await postgres.transaction(async (query) => {
      await query('INSERT INTO numbers VALUES (1)')
      await query('INSERT INTO numbers VALUES (2)')
      return 'done'
    })
    assert.equal(result, 'done')
    assert.deepEqual(await numbers(postgres), [1, 2])
  })

  it('keeps nothing when the work throws, and rethrows the error', async () => {
    const postgres = await openWithNumbers()
    const fault = new Error('half way')
    const transaction = postgres.transaction(async (query) => {
      await query('INSERT INTO numbers VALUES (1)')
      throw fault
    })
    await assert.rejects(transaction, fault)
    assert.deepEqual(await numbers(postgres), [])
  })

  it('fails even when the work caught the error of a statement', async () => {
    const postgres = await openWithNumbers()
    await postgres.query('INSERT INTO numbers VALUES (1)')
    const transaction = postgres.transaction(async (query) => {
      await query('INSERT INTO numbers VALUES (2)')
      await query('INSERT INTO numbers VALUES (1)').catch(() => undefined)
    })
    await assert.rejects(transaction, StoreConflict)
    assert.deepEqual(await numbers(postgres), [1])
  })

  it('that times out between two statements leaves nothing for the next one to commit', async () => {
    const postgres = open(await server.createDatabase(), { maxConnections: 1 })
    await postgres.query('CREATE TABLE numbers (value INTEGER PRIMARY KEY)')
    const late = postgres.transaction(
      async (query) => {
        await query('INSERT INTO numbers VALUES (1)')
        const until = performance.now() + 300
        while (performance.now() < until);
        await query('INSERT INTO numbers VALUES (2)')
      },
      { timeoutMs: 250 },
    )
    await assert.rejects(late, StoreUnavailable)
    await postgres.transaction((query) => query('INSERT INTO numbers VALUES (3)'))
    assert.deepEqual(await numbers(postgres), [3])
  })

  it('is retried after a deadlock', async () => {
    const postgres = await openWithNumbers()
    await postgres.query('INSERT INTO numbers VALUES (1), (2)')
    const lock = 'SELECT value FROM numbers WHERE value = $1 FOR UPDATE'
    const bothHoldOne = Promise.withResolvers<void>()
    let holders = 0
    let runs = 0
    const cross = (first: number, second: number): Promise<void> =>
      postgres.transaction(
        async (query) => {
          runs++
          await query(lock, [first])
          if (++holders === 2) bothHoldOne.resolve()
          await bothHoldOne.promise
          await query(lock, [second])
        },
        { timeoutMs: 9000 },
      )
    await Promise.all([cross(1, 2), cross(2, 1)])
    // One of them is retried; on a busy machine they may collide once more.
    assert.ok(runs >= 3)
  })

  it('is retried after a deadlock as a single statement too', async () => {
    const postgres = await openWithNumbers()
    await postgres.query('INSERT INTO numbers VALUES (1), (2)')
    // Locks 2, then 1.
    const both = 'SELECT value FROM (SELECT * FROM numbers ORDER BY value DESC) AS n FOR UPDATE'
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
      AND wait_event_type = 'Lock'`
    let single: Promise<{ count: number }> | null = null
    let isDone = false
    await postgres.transaction(
      async (query) => {
        await query('SELECT value FROM numbers WHERE value = 1 FOR UPDATE')
        single ??= postgres.query(both, [], { timeoutMs: 9000 }).finally(() => {
          isDone = true
        })
        // When this transaction is the one that is retried, the statement no longer waits.
        while (!isDone && (await postgres.query(waiting)).count === 0) await nextTurn()
        await query('SELECT value FROM numbers WHERE value = 2 FOR UPDATE')
      },
      { timeoutMs: 9000 },
    )
    assert.equal((await (single as unknown as Promise<{ count: number }>)).count, 2)
  })

  it('reads one state as a snapshot, and cannot write', async () => {
    const postgres = await openWithNumbers()
    const count = 'SELECT count(*) AS count FROM numbers'
    await postgres.transaction(
      async (query) => {
        const before = await query(count)
        await postgres.query('INSERT INTO numbers VALUES (1)')
        assert.deepEqual(await query(count), before)
      },
      { mode: 'snapshot' },
    )
    const write = postgres.transaction((query) => query('INSERT INTO numbers VALUES (2)'), {
      mode: 'snapshot',
    })
    await assert.rejects(write, StoreUnavailable)
    assert.deepEqual(await numbers(postgres), [1])
  })

  it('keeps nothing when the server is killed in the middle', async () => {
    const postgres = await openWithNumbers()
    const transaction = postgres.transaction(async (query) => {
      await query('INSERT INTO numbers VALUES (1)')
      await server.kill('SIGKILL')
    })
    await assertUnavailable(transaction)
    await server.restart()
    assert.deepEqual(await numbers(postgres), [])
  })
})
