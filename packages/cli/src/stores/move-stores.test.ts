/** A copy includes the audit trail after retention, and the stored responses for retries. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import {
  type AuthStore,
  checkTrail,
  createAudience,
  createCheckpointSigner,
  createClient,
  createOrganization,
  cutTrail,
  knownHead,
  systemContext,
  takeCheckpoint,
} from '@modulariot/auth'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import type { Database } from '../config/database.ts'
import { moveStores } from './move-stores.ts'
import { openAuthStore } from './open-stores.ts'

const server = await startPostgres()
after(() => server.stop())

const DAY_MS = 86_400_000
const AUDIENCE = 'https://api.example'
const idempotency = { key: 'key', digest: 'digest' }
const signer = await createCheckpointSigner(new Uint8Array(32), 'https://auth.example')

async function withStore<Result>(
  database: Database,
  work: (store: AuthStore) => Promise<Result>,
): Promise<Result> {
  const store = await openAuthStore(database)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

it('a copy includes the checkpoint that replaced old entries, and responses for retries', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const [from, back] = ['a', 'b'].map(
    (name): Database => ({ kind: 'sqlite', directory: join(folder.path, name) }),
  ) as [Database, Database]
  const to: Database = { kind: 'postgres', url: await server.createDatabase() }
  let now = Date.parse('2026-05-01T12:00:00Z')

  const { tenant, head } = await withStore(from, async (store) => {
    const context = systemContext({ store, digestKey: new Uint8Array(32), now: () => now })
    const { org_id } = await createOrganization('Acme', context)
    const rules = {
      token_lifetime_seconds: 3600,
      signing_alg: 'ES256',
      token_typ: 'at+jwt',
    } as const
    await createAudience({ audience: AUDIENCE, scopes: ['read'], ...rules }, context)
    now += 100 * DAY_MS
    const tenant = { org_id, environment: 'development' } as const
    const input = { name: 'Truck', grants: [{ audience: AUDIENCE }], ...tenant }
    await createClient(input, { ...context, idempotency })
    assert.equal((await cutTrail({ days: 30, signer, known: [] }, context))?.rows, 2)
    return { tenant, head: knownHead(await takeCheckpoint(store, signer, now)) }
  })
  for (const [source, target] of [
    [from, to],
    [to, back],
  ] as const) {
    await moveStores(source, target, () => undefined)
    await withStore(target, async (store) => {
      const verdict = await checkTrail(store, signer, [head])
      assert.deepEqual(verdict.ok && [verdict.head?.seq, verdict.compared], [4, 1])
      assert.notEqual(await store.readAuditBase(), null)
      const found = await store.findIdempotent(tenant, 'key')
      assert.deepEqual([found?.digest, found?.client.name], ['digest', 'Truck'])
    })
  }
})
