/**
 * Issues a large number of tokens and checks that the database, the memory and all maps do not
 * grow.
 *
 * A million on each store by default, or `--tokens N`; `--quick` issues 5,000. It calls the use
 * case without HTTP, signing with ES256.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type AuthStore,
  createAudience,
  createClients,
  createOrganization,
  deriveInstallationKeys,
  openSqliteAuthStore,
  systemContext,
} from '@modulariot/auth'
import { openPostgresAuthStore } from '@modulariot/auth/postgres'
import { createAuthServer } from '@modulariot/auth/server'
import { createHttpServer } from '@modulariot/platform/http'
import { createLogger } from '@modulariot/platform/logging'
import { openPostgres } from '@modulariot/platform/postgres'
import { startPostgres } from '@modulariot/platform/testing/postgres'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, tokens: { type: 'string' } },
})
const TOKENS = Number(values.tokens ?? (values.quick ? 5000 : 1_000_000))
const CLIENTS = 1000
const AT_ONCE = 32
const AUDIENCE = 'https://api.example'
/** Variation of the live heap after a collection. */
const HEAP_NOISE_BYTES = 8 * 1024 ** 2

const megabytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function livingHeap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Place {
  readonly name: string
  readonly store: AuthStore
  /** The growth that is allowed, whatever the number of tokens. */
  readonly noiseBytes: number
  sizeBytes(): Promise<number>
  remove(): Promise<void>
}

async function run({ name, store, noiseBytes, sizeBytes }: Place): Promise<void> {
  const installationKeys = deriveInstallationKeys(randomBytes(32))
  const digestKey = installationKeys.secretDigest
  const context = systemContext({ store, digestKey, now: Date.now })
  const { org_id } = await createOrganization('Acme', context)
  await createAudience(
    {
      audience: AUDIENCE,
      scopes: ['read'],
      token_lifetime_seconds: 86_400,
      signing_alg: 'ES256',
      token_typ: 'at+jwt',
    },
    context,
  )
  const inputs = Array.from({ length: CLIENTS }, (_, index) => ({
    name: `Client ${index}`,
    grants: [{ audience: AUDIENCE }],
  }))
  const made = await createClients(inputs, { org_id, environment: 'production' }, context)
  const bodies = made.map((one) => {
    assert.ok(one.status === 'created')
    const { client_id } = one.client
    const { client_secret } = one
    const grant_type = 'client_credentials'
    return JSON.stringify({ client_id, client_secret, audience: AUDIENCE, grant_type })
  })
  const auth = await createAuthServer({
    ...{ issuer: 'https://auth.example', store, installationKeys },
    now: Date.now,
    onError: (error) => assert.fail(String(error)),
  })
  const http = await createHttpServer({
    applications: [auth],
    logger: createLogger('silent'),
    tls: null,
    trustedProxies: [],
  })
  const login = async (index: number): Promise<void> => {
    const { statusCode } = await http.inject({
      method: 'POST',
      url: '/api/v1/login',
      headers: { 'content-type': 'application/json' },
      body: bodies[index % CLIENTS] as string,
    })
    assert.equal(statusCode, 200)
  }
  // Each client once, so that the state kept for each exists before the first measurement.
  for (let index = 0; index < CLIENTS; index++) await login(index)
  await new Promise((resolve) => setTimeout(resolve, 4000)) // The counters are written every three seconds.
  const before = { database: await sizeBytes(), heap: livingHeap() }
  print(`${name}: ${megabytes(before.database)} before, live heap ${megabytes(before.heap)}`)
  let next = 0
  const tenth = Math.ceil(TOKENS / 10)
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < TOKENS) {
        const index = ++next
        await login(index)
        if (index % tenth === 0) {
          print(`  ${index} tokens, RSS ${megabytes(process.memoryUsage().rss)}`)
        }
      }
    }),
  )
  assert.ok(auth.usageTotals().tokens_issued >= TOKENS)
  // Measured before it is closed, since closing frees its memory.
  const heap = livingHeap() - before.heap
  await auth.close()
  await http.close()
  const grown = (await sizeBytes()) - before.database
  print(`  database grown by ${megabytes(grown)}, live heap by ${megabytes(heap)}`)
  assert.ok(grown <= noiseBytes, `the database grew by ${megabytes(grown)}`)
  assert.ok(heap <= HEAP_NOISE_BYTES, `memory grew by ${megabytes(heap)}`)
}

async function sqlite(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const path = join(folder, 'auth.db')
  const store = openSqliteAuthStore(path)
  return {
    name: 'SQLite',
    store,
    noiseBytes: 2 * 1024 ** 2,
    async sizeBytes() {
      using database = new DatabaseSync(path)
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return statSync(path).size
    },
    async remove() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

async function postgresql(): Promise<Place> {
  const server = await startPostgres()
  const url = await server.createDatabase()
  const store = await openPostgresAuthStore(url)
  const looking = openPostgres(url)
  return {
    name: 'PostgreSQL',
    store,
    // A thousand counters are written every three seconds, and their dead rows wait a minute for
    // autovacuum.
    noiseBytes: 24 * 1024 ** 2,
    async sizeBytes() {
      // Updates leave dead rows, which autovacuum collects later.
      await looking.query('VACUUM', [], { timeoutMs: 60_000 })
      const { rows } = await looking.query('SELECT pg_database_size(current_database()) AS bytes')
      return Number(rows[0]?.bytes)
    },
    async remove() {
      await store.close()
      await looking.close()
      await server.stop()
    },
  }
}

for (const open of [sqlite, postgresql]) {
  const place = await open()
  try {
    await run(place)
  } finally {
    await place.remove()
  }
}
print('nothing has grown')
