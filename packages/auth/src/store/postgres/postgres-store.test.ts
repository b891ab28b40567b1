import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { migratePostgres, openPostgres, type RunQuery } from '@modulariot/platform/postgres'
import { readMigrations, StoreUnavailable } from '@modulariot/platform/storage'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { clientViewOf } from '../../records/client.ts'
import { usageOfToken } from '../../records/usage.ts'
import { OLD_KEY, oldTrail } from '../conformance/old-trail.ts'
import {
  clientOf,
  countUp,
  keyOf,
  keysAre,
  newClient,
  ORGANIZATION,
  populate,
  TRACK,
  trailOf,
} from '../conformance/samples.ts'
import { testAuthStore } from '../conformance/store.conformance.ts'
import type { StoreChange } from '../ports/changes.ts'
import type { AuthStore } from '../store.ts'
import { ADDRESS_ROWS } from './addresses.ts'
import { REVISION } from './changes.ts'
import { NARROWED } from './client-search.ts'
import { BY_EXTERNAL_IDS, READ } from './clients.ts'
import { migratePostgresAuthStore, openPostgresAuthStore } from './postgres-store.ts'
import { BY_INDEX, SECRET_ROWS, UPDATE_CLIENTS } from './usage.ts'

const server = await startPostgres()
after(() => server.stop())

/** Copying it is faster than migrating every test's database. */
const migrated = await server.createDatabase()
await migratePostgresAuthStore(migrated)
const empty = await server.createDatabase()

testAuthStore('PostgreSQL', async () => {
  const url = await server.createDatabase(migrated)
  const openAnother = () => openPostgresAuthStore(url)
  return { store: await openAnother(), openAnother, destroy: async () => undefined }
})

/** A database with its stores, which are closed at the end. */
async function place(template: string | undefined = migrated) {
  const url = await server.createDatabase(template)
  const stores: AuthStore[] = []
  const open = async (): Promise<AuthStore> => {
    const store = await openPostgresAuthStore(url)
    stores.push(store)
    return store
  }
  const database = openPostgres(url)
  return {
    url,
    open,
    database,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close()
      await database.close()
    },
  }
}

function changesOf(store: AuthStore) {
  const received: StoreChange[] = []
  let wake = (): void => undefined
  store.onChange((change) => {
    received.push(change)
    wake()
  })
  /** Waits for the next matching change. */
  async function next(fits: (change: StoreChange) => boolean): Promise<StoreChange> {
    for (;;) {
      const found = received.find(fits)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { received, next }
}

it('PostgreSQL: an updater that finds nothing to do under the lock writes nothing', async () => {
  await using here = await place()
  const stores = [await here.open(), await here.open()]
  await Promise.all(
    stores.map((store) =>
      store.updateSigningKeys((keys) => (keys.length > 0 ? null : keysAre(keyOf('a')))),
    ),
  )
  const { rows } = await here.database.query('SELECT value FROM auth.revision')
  assert.deepEqual(rows, [{ value: 1 }])
})

it('PostgreSQL: a database of version 1 keeps its trail, and answers the retries of the last day', async () => {
  await using here = await place(empty)
  const migrations = readMigrations(new URL('./migrations/', import.meta.url))
  await migratePostgres(here.database, 'auth', migrations.slice(0, 1))
  const rows = oldTrail(Date.now())
  for (const { seq, entry, hash } of rows) {
    const insert = 'INSERT INTO auth.audit (seq, entry, hash) VALUES ($1, $2, $3)'
    await here.database.query(insert, [seq, entry, hash])
  }
  const { audience, scopes } = TRACK
  await here.database.query(
    `INSERT INTO auth.audiences (audience, scopes, token_lifetime_seconds, signing_alg)
     VALUES ($1, $2, 86400, 'RS256')`,
    [audience, JSON.stringify(scopes)],
  )
  const store = await here.open()
  const entries = rows.map(({ entry }) => JSON.parse(entry))
  assert.deepEqual(await trailOf(store), entries)
  assert.deepEqual(await store.listAudiences(), [TRACK])
  const tenant = { ...ORGANIZATION, environment: 'development' } as const
  const found = await store.findIdempotent(tenant, OLD_KEY)
  assert.deepEqual(found?.client, clientViewOf(clientOf('first')))
  assert.equal(found?.until, Math.floor(Date.parse(entries[1].at) / 1000) + 86_400)
  assert.equal(await store.findIdempotent(tenant, 'key-of-long-ago'), null)
})

it('PostgreSQL: a row inserted before the first is read with the others', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  const insert = `INSERT INTO auth.audit (seq, entry, hash) VALUES ($1, '{}', '')`
  await here.database.query(insert, [0])
  assert.equal((await store.readAudit({ after: null, limit: 1 }))[0]?.seq, 0)
  assert.equal((await store.readAudit({ after: 0, limit: 1 }))[0]?.seq, 1)
  // A seq that is not an exact number must fail the reader, not be skipped.
  await here.database.query(insert, ['-9223372036854775808'])
  await assert.rejects(store.readAudit({ after: null, limit: 1 }), RangeError)
})

it('PostgreSQL: a read-only database fails the ping', async () => {
  await using here = await place()
  const store = await here.open()
  await store.ping()
  const name = new URL(here.url).pathname.slice(1)
  await here.database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  // Takes effect on new connections, as after a failover.
  await here.database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'modulariot-auth'`,
  )
  // Each terminated connection fails once first.
  const refusals: string[] = []
  while (refusals.length < 20 && !/read-only/.test(refusals.at(-1) ?? '')) {
    const refusal = await store.ping().then(
      () => assert.fail('the ping succeeded'),
      (error) => error.message,
    )
    refusals.push(refusal)
  }
  assert.match(refusals.at(-1) ?? '', /read-only/)
})

it('PostgreSQL: reads, logins and counters do not wait for a change that hangs', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  await store.revokeToken({ jti: 'a', client_id: 'c', expires: 9 }, 1)
  const hanging = async (query: RunQuery): Promise<void> => {
    await query('SELECT value FROM auth.revision FOR UPDATE')
    // More than there are connections.
    const changes = Array.from({ length: 30 }, () =>
      assert.rejects(store.updateClient('first', countUp), StoreUnavailable),
    )
    assert.equal((await store.findClient('first'))?.client_id, 'first')
    assert.equal(await store.useAssertion({ client_id: 'first', jti: 'a', until: 9 }, 0), true)
    await store.addUsage({ clients: [], secrets: [] })
    assert.deepEqual(await store.listSigningKeys(), [])
    assert.equal(await store.isTokenRevoked('x'), false)
    assert.equal(await store.revokeToken({ jti: 'b', client_id: 'c', expires: 9 }, 1), 'too_many')
    assert.equal(await store.revokeToken({ jti: 'a', client_id: 'c', expires: 9 }, 1), 'already')
    assert.equal(await store.sweep(0, 10), 0)
    const quota = { client_id: 'first', hour: 1, day: 1, tokens_per_hour: 1, tokens_per_day: 1 }
    assert.equal((await store.takeQuota({ ...quota, enforce: true })).taken, true)
    await Promise.all(changes)
  }
  // Longer than a change waits.
  await here.database.transaction(hanging, { timeoutMs: 9000 })
  assert.equal((await store.updateClient('first', countUp))?.version, 2)
})

it('PostgreSQL: an instance whose clock is wrong removes no revocation that others need', async () => {
  await using here = await place()
  const store = await here.open()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const revoke = (jti: string, expires: number) =>
    store.revokeToken({ jti, client_id: 'c', expires }, 10)
  await revoke('living', nowSeconds + 3600)
  await revoke('dead', nowSeconds - 60)
  assert.equal(await store.sweep(nowSeconds + 365 * 86_400, 10), 1)
  assert.equal(await store.isTokenRevoked('living'), true)
})

it('PostgreSQL: one instance sweeps at a time', async () => {
  await using here = await place()
  const [store, other] = [await here.open(), await here.open()]
  for (const jti of ['a', 'b']) await store.useAssertion({ client_id: 'c', jti, until: 5 }, 0)
  const swept = await Promise.all([store, other, store, other].map((one) => one.sweep(9, 10)))
  assert.equal(
    swept.reduce((sum, count) => sum + count),
    2,
  )
})

for (const [what, away, back] of [
  ['killed', () => server.kill('SIGKILL'), () => server.restart()],
  ['frozen', () => server.kill('SIGSTOP'), () => server.kill('SIGCONT')],
] as const) {
  it(`PostgreSQL: while it is ${what} it says so, and afterwards tells what was missed`, async () => {
    await using here = await place()
    const [store, other] = [await here.open(), await here.open()]
    await populate(store)
    const { next } = changesOf(store)
    await other.createClients([newClient('new')])
    await next(() => true)
    assert.equal(store.silentForMs(), 0)
    await away()
    await assert.rejects(store.findClient('first'), StoreUnavailable)
    await assert.rejects(store.updateClient('first', countUp), StoreUnavailable)
    while (store.silentForMs() < 1500) await sleep(20)
    await back()
    await other.updateClient('new', countUp)
    const change = await next(({ clients }) => clients.includes('new'))
    assert.equal(change.keys, false)
    while (store.silentForMs() > 0) await sleep(20)
  })
}

it('PostgreSQL: changes are announced even without a connection to listen on', {
  timeout: 20_000,
}, async () => {
  await using here = await place()
  await populate(await here.open())
  await here.database.query(
    `CREATE ROLE narrow LOGIN PASSWORD 'narrow' CONNECTION LIMIT 1;
     GRANT USAGE ON SCHEMA auth TO narrow; GRANT ALL ON ALL TABLES IN SCHEMA auth TO narrow`,
  )
  const url = new URL(here.url)
  url.username = url.password = 'narrow'
  const store = await openPostgresAuthStore(url.href)
  try {
    const { next } = changesOf(store)
    await sleep(500)
    const since = performance.now()
    await here.database.query(
      `WITH next AS (UPDATE auth.revision SET value = value + 1 RETURNING value)
       UPDATE auth.clients SET changed_by = next.value FROM next WHERE client_id = 'first'`,
    )
    await next(({ clients }) => clients.includes('first'))
    assert.ok(performance.now() - since < 2000)
    await sleep(1500)
    assert.equal(store.silentForMs(), 0, 'nothing can have been missed')
  } finally {
    await store.close()
  }
})

it('PostgreSQL: changes are announced without NOTIFY, as through a pooler', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  const { next } = changesOf(store)
  await here.database.query(
    `WITH next AS (UPDATE auth.revision SET value = value + 1 RETURNING value)
     UPDATE auth.clients SET changed_by = next.value FROM next WHERE client_id = 'first'`,
  )
  assert.deepEqual(await next(({ clients }) => clients.length > 0), {
    clients: ['first'],
    keys: false,
    revocations: false,
  })
})

it('PostgreSQL: a database that lost its last changes empties every cache', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  const { next } = changesOf(store)
  await here.database.query('UPDATE auth.revision SET value = value - 2')
  assert.deepEqual(await next(({ clients }) => clients === 'all'), {
    clients: 'all',
    keys: true,
    revocations: true,
  })
})

it('PostgreSQL: too many changed clients to name are announced as all', async () => {
  await using here = await place()
  const [store, late] = [await here.open(), await here.open()]
  await populate(store)
  await store.createClients(Array.from({ length: 1001 }, (_, index) => newClient(`many_${index}`)))
  await here.database.query(
    `WITH next AS (UPDATE auth.revision SET value = value + 1 RETURNING value)
     UPDATE auth.clients SET changed_by = next.value FROM next`,
  )
  const { next } = changesOf(late)
  assert.equal((await next(() => true)).clients, 'all')
})

it('PostgreSQL: a login is one statement that uses only indices', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  const plans = {
    'a client': `SELECT * FROM auth.clients WHERE client_id = 'first'`,
    'a used assertion': 'SELECT * FROM auth.assertions WHERE until < 5 ORDER BY until LIMIT 100',
    'a revoked token': `SELECT 1 FROM auth.revocations WHERE kind = 'token' AND subject = 'x'`,
    'a changed client':
      'SELECT client_id FROM auth.clients WHERE changed_by > 5 AND changed_by > 0',
  }
  await here.database.transaction(async (query) => {
    // The planner would read small tables whole; this test is about large ones.
    await query('SET LOCAL enable_seqscan = off')
    for (const [what, text] of Object.entries(plans)) {
      const { rows } = await query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      assert.match(plan, /Index/, what)
      assert.doesNotMatch(plan, /Seq Scan|Sort/, what)
    }
  })
})

/** Many clients, in a table that was never analyzed, as in the first minute of an installation. */
async function manyClients(here: Awaited<ReturnType<typeof place>>): Promise<void> {
  await populate(await here.open())
  const tables = ['clients', 'client_usage', 'secret_usage', 'client_addresses']
  for (const table of tables) {
    await here.database.query(`ALTER TABLE auth.${table} SET (autovacuum_enabled = off)`)
  }
  const secrets = `json_build_array(json_build_object('secret_id', 's' || n))`
  for (const text of [
    `INSERT INTO auth.clients (client_id, org_id, environment, external_id, document)
     SELECT 'many_' || md5(n::text), 'org_1', 'development', 'device-' || n,
       json_build_object('grants', '[]'::json, 'secrets', ${secrets}, 'name', repeat('x', 500))
     FROM generate_series(1, 20000) n`,
    `INSERT INTO auth.client_usage
     SELECT 'many_' || md5(n::text), 1, 0, 0, '2026', '[]' FROM generate_series(1, 20000) n`,
    `INSERT INTO auth.secret_usage
     SELECT 's' || n, 1, '2026', '192.0.2.1', NULL FROM generate_series(1, 20000) n`,
    `INSERT INTO auth.client_addresses
     SELECT 'many_' || md5(n::text), '192.0.2.1', 1, 1, 1 FROM generate_series(1, 20000) n`,
  ]) {
    await here.database.query(text, [], { timeoutMs: 20_000 })
  }
}

async function planOf(query: RunQuery, text: string, values: readonly unknown[]): Promise<string> {
  const { rows } = await query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values])
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

it('PostgreSQL: a page of clients and a registration read no table whole, with statistics or without', async () => {
  await using here = await place()
  await manyClients(here)
  const page = [
    '',
    'org_1',
    'development',
    null,
    51,
    null,
    null,
    null,
    null,
    false,
    null,
    null,
    false,
  ]
  const search = page.with(6, 'disabled').with(8, 'nowhere').with(5, 'many_04')
  const ids = Array.from({ length: 500 }, (_, index) => `new-${index}`)
  const lines = [ids.map(() => 'org_1'), ids.map(() => 'development'), ids]
  for (const statistics of [false, true]) {
    if (statistics) await here.database.query('ANALYZE', [], { timeoutMs: 20_000 })
    await here.database.transaction(async (query) => {
      for (const values of [page, search]) {
        assert.doesNotMatch(await planOf(query, NARROWED, values), /Seq Scan/)
      }
      const plan = await planOf(query, BY_EXTERNAL_IDS, lines)
      assert.match(plan, /Index Cond: \(\(?external_id = n.external_id/)
      assert.doesNotMatch(plan, /Seq Scan|clients_by_tenant/)
    })
  }
})

it('PostgreSQL: misses and counters of a fleet are found by index, with statistics or without', async () => {
  await using here = await place()
  await manyClients(here)
  const ids = Array.from({ length: 1000 }, (_, index) => `many_${index}`)
  const none = ids.map(() => 0)
  const counters = {
    [UPDATE_CLIENTS]: [ids, none, none, none, ids, ids.map(() => '[]'), none, none],
    [SECRET_ROWS.update]: [ids, none, ids, ids, ids],
    [ADDRESS_ROWS.update]: [ids, ids, none, none, none],
  }
  for (const statistics of [false, true]) {
    if (statistics) await here.database.query('ANALYZE', [], { timeoutMs: 20_000 })
    await here.database.transaction(async (query) => {
      const read = await planOf(query, READ.text, [ids.slice(0, 64), 'first'])
      assert.doesNotMatch(read, /Seq Scan on clients|Hash Join|Merge Join/)
      await query(BY_INDEX)
      for (const [text, values] of Object.entries(counters)) {
        assert.doesNotMatch(await planOf(query, text, values), /Seq Scan on|Merge|Hash/)
      }
    })
  }
})

it('PostgreSQL: counters are written without a change to any index', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  const [seconds, time] = [1_800_000_000, '2027-01-15T08:00:00.000Z']
  const use = { client_id: 'first', address: '192.0.2.1' }
  await store.addUsage({
    clients: [usageOfToken('first', { iat: seconds, lifetimeSeconds: 60, early: false })],
    secrets: [{ ...use, secret_id: 'secret_first', uses: 1, last_used_at: time, user_agent: null }],
    addresses: [{ ...use, first_seen: seconds, last_seen: seconds, logins: 1 }],
  })
  await here.database.transaction(async (query) => {
    await query(UPDATE_CLIENTS, [['first'], [2], [0], [0], [time], ['[]'], [1], [0]])
    await query(SECRET_ROWS.update, [['secret_first'], [1], [time], ['192.0.2.2'], [null]])
    const later = [seconds + 1]
    await query(ADDRESS_ROWS.update, [['first'], ['192.0.2.1'], later, later, [1]])
    for (const table of ['client_usage', 'secret_usage', 'client_addresses']) {
      const { rows } = await query(
        `SELECT pg_stat_get_xact_tuples_updated(id) AS all, pg_stat_get_xact_tuples_hot_updated(id) AS hot
         FROM CAST($1 AS regclass) AS id`,
        [`auth.${table}`],
      )
      assert.deepEqual(rows, [{ all: 1, hot: 1 }], table)
    }
  })
})

it('PostgreSQL: a client without a search text is found by its document', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  await store.createClients([newClient('a', { name: 'Ölwagen' }), newClient('b')])
  await here.database.query('UPDATE auth.clients SET search_text = NULL')
  const page = await store.listClients({ search: 'öLW', after: null, limit: 10 })
  assert.deepEqual(
    page.clients.map(({ client_id }) => client_id),
    ['a'],
  )
})

it('PostgreSQL: finding changed clients does not read the whole table', async () => {
  await using here = await place()
  const store = await here.open()
  await populate(store)
  await here.database.query(
    `INSERT INTO auth.clients (client_id, org_id, environment, document)
     SELECT n, 'org_1', 'development', '{"grants":[]}' FROM generate_series(1, 20000) n`,
    [],
    { timeoutMs: 20_000 },
  )
  // As autovacuum does within a minute; without statistics a plan is a guess.
  await here.database.query('ANALYZE auth.clients', [], { timeoutMs: 20_000 })
  const plan = await here.database.transaction(async (query) => {
    await query(`SET LOCAL plan_cache_mode = force_generic_plan`)
    await query(`PREPARE since AS ${REVISION.text}`)
    const { rows } = await query<{ 'QUERY PLAN': string }>('EXPLAIN EXECUTE since (5, 1001, 3)')
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })
  assert.match(plan, /clients_by_change/)
  assert.doesNotMatch(plan, /Seq Scan on (clients|revocations)/)
})

it('PostgreSQL: used assertions are forgotten a hundred at a time', async () => {
  await using here = await place()
  const store = await here.open()
  const use = (jti: string, until: number, nowSeconds: number): Promise<boolean> =>
    store.useAssertion({ client_id: 'client', jti, until }, nowSeconds)
  for (let jti = 0; jti < 250; jti++) await use(`${jti}`, 100, 0)
  const left: unknown[] = []
  for (const jti of ['a', 'b', 'c', 'd']) {
    await use(jti, 1000, 500)
    const { rows } = await here.database.query('SELECT count(*) AS n FROM auth.assertions')
    left.push(rows[0]?.n)
  }
  assert.deepEqual(left, [151, 52, 3, 4])
})

it('an instance that starts is announced once a change of the keys is committed', async () => {
  await using here = await place()
  const store = await here.open()
  const instance = { instance_id: 'late', name: 'late', key_ids: [], until: 2 ** 40 }
  let announced: Promise<void> | null = null
  await here.database.transaction(async (query) => {
    await query('SELECT value FROM auth.revision FOR UPDATE')
    announced = store.announceInstance(instance)
    await isWaiting(query)
    const { rows } = await query('SELECT 1 FROM auth.instances')
    assert.equal(rows.length, 0)
  })
  await announced
  assert.equal((await store.listInstances(0)).length, 1)
})

/** Until another connection to this database waits for a lock. */
async function isWaiting(query: RunQuery): Promise<void> {
  for (const began = performance.now(); performance.now() - began < 2000; await sleep(5)) {
    const { rows } = await query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    )
    if (rows.length > 0) return
  }
  assert.fail('nothing waits')
}
