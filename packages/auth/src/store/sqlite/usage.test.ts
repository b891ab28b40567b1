import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../../admin/clients.ts'
import { type AdminContext, systemContext } from '../../admin/context.ts'
import { createAudience, createOrganization } from '../../admin/installation.ts'
import { listSecrets, wastefulClients } from '../../admin/usage.ts'
import { usageOfToken } from '../../records/usage.ts'
import type { AuthStore } from '../store.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const NOW_S = NOW / 1000

let folder: string
let store: AuthStore
let context: AdminContext
let org_id: string
let wasteful: string
let frugal: string

async function makeClient(name: string): Promise<string> {
  const request = {
    name,
    org_id,
    environment: 'development',
    grants: [{ audience: 'api' }],
  } as const
  return (await createClient(request, context)).client.client_id
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'miot-usage-'))
  store = openSqliteAuthStore(join(folder, 'auth.db'))
  context = systemContext({ store, digestKey: new Uint8Array(32), now: () => NOW })
  org_id = (await createOrganization('Test', context)).org_id
  await createAudience(
    {
      audience: 'api',
      scopes: ['read'],
      token_lifetime_seconds: 86_400,
      signing_alg: 'ES256',
      token_typ: 'at+jwt',
    },
    context,
  )
  wasteful = await makeClient('Wasteful')
  frugal = await makeClient('Frugal')
})
after(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

async function issue(client_id: string, tokens: number, early: boolean): Promise<void> {
  for (let issued = 0; issued < tokens; issued++) {
    const token = { iat: NOW_S - issued, lifetimeSeconds: 86_400, early }
    await store.addUsage({ clients: [usageOfToken(client_id, token)], secrets: [] })
  }
}

describe('the counters in SQLite', () => {
  it('add up in one row for each client', async () => {
    await issue(wasteful, 40, true)
    await issue(frugal, 5, false)
    const { client } = await store.usageOf(wasteful)
    assert.equal(client?.tokens_issued, 40)
    assert.equal(client.tokens_early, 40)
    assert.equal(client.last_issued_at, new Date(NOW).toISOString())
    assert.equal((await store.usageOf('client_unknown')).client, null)
  })

  it('are written without notifying listeners', async () => {
    let notifications = 0
    const stop = store.onChange(() => notifications++)
    await issue(frugal, 1, false)
    // Longer than a change by another process may stay unnoticed.
    await sleep(500)
    assert.equal(notifications, 0)
    await createOrganization('Something that is announced', context)
    assert.equal(notifications, 1)
    stop()
  })

  it('name the wasteful clients, to their owner only', async () => {
    const [worst, ...others] = await wastefulClients(context)
    assert.equal(worst?.client_id, wasteful)
    assert.equal(worst.name, 'Wasteful')
    assert.equal(worst.tokens_valid, 40)
    assert.equal(worst.tokens_per_day, 40)
    assert.equal(worst.times_needed, 40)
    assert.deepEqual(others, [])
    const stranger = { ...context, tenant: { org_id, environment: 'production' } as const }
    assert.deepEqual(await wastefulClients(stranger), [])
  })

  it('come in pages', async () => {
    const page = await store.listUsage({ tokens_early: 0, after: null, limit: 1 })
    assert.equal(page.clients.length, 1)
    const rest = await store.listUsage({ tokens_early: 0, after: page.next, limit: 1 })
    assert.equal(rest.clients.length, 1)
    assert.equal(rest.next, null)
  })

  it('keep the last use of a secret, whichever process writes first', async () => {
    const [secret] = await listSecrets(wasteful, context)
    assert.equal(secret?.used, null)
    const secret_id = secret?.secret_id as string
    const use = { client_id: wasteful, secret_id, uses: 2, user_agent: null }
    const late = { ...use, address: '192.0.2.2', last_used_at: '2026-05-01T11:00:00.000Z' }
    const soon = { ...use, address: '192.0.2.1', last_used_at: '2026-05-01T10:00:00.000Z' }
    await store.addUsage({ clients: [], secrets: [late] })
    await store.addUsage({ clients: [], secrets: [soon] })
    const [used] = await listSecrets(wasteful, context)
    assert.deepEqual(used?.used, {
      uses: 4,
      last_used_at: late.last_used_at,
      address: late.address,
      user_agent: null,
    })
    assert.deepEqual((await listSecrets(frugal, context))[0]?.used, null)
  })
})
