import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { SecretCredentials } from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { LoginLimits } from '../limits/login-limits.ts'
import type { ClientRecord } from '../records/client.ts'
import type { SecretUse } from '../usage/usage-counter.ts'
import { ClientDirectory } from './directory.ts'
import { type IdentificationDeps, identifyClient } from './identify.ts'
import { createSecret, digestSecret } from './secret.ts'

const caller = { address: '192.0.2.1', user_agent: 'test' }
const digestKey = new Uint8Array(32)
const right = createSecret('development')
const wrong = createSecret('development')
const policy = { name: 'test', quota: 4, windowSeconds: 60 }

let broken: boolean
let reads: number
let uses: SecretUse[]
let deps: IdentificationDeps

const secret = {
  secret_id: 'secret_a',
  label: '',
  digest: digestSecret(right, digestKey),
  created_at: '',
  expires_at: null,
}
const record: Pick<ClientRecord, 'client_id' | 'status' | 'secrets'> = {
  client_id: 'client_a',
  status: 'active',
  secrets: [secret],
}

beforeEach(() => {
  broken = false
  reads = 0
  uses = []
  const findClient = async (client_id: string) => {
    reads++
    if (broken) throw new StoreUnavailable('disk')
    return client_id === 'client_a' ? (record as ClientRecord) : null
  }
  const now = () => 1_800_000_000_000
  const address = { ...policy, quota: 100 }
  const policies = { client: policy, address, ceiling: policy, signature: policy }
  deps = {
    directory: new ClientDirectory({ findClient, silentForMs: () => 0 }),
    store: { useAssertion: async () => true },
    issuer: 'https://auth.example',
    digestKey,
    now,
    limits: new LoginLimits({ now, policies }),
    usage: { secretUsed: (use) => uses.push(use) },
  }
})

function identify(client_secret: string, client_id = 'client_a'): Promise<ClientRecord> {
  const method = 'client_secret_post' as const
  const credentials: SecretCredentials = { method, client_id, client_secret }
  return identifyClient(credentials, caller, deps)
}

describe('identifyClient', () => {
  it('gives the client and notes which secret was used, from where and by what', async () => {
    assert.equal((await identify(right)).client_id, 'client_a')
    assert.deepEqual(uses, [{ secret_id: 'secret_a', ...caller }])
  })

  it('reads no store for a guess beyond the budget, whether the client exists or not', async () => {
    for (const client_id of ['client_a', 'client_made_up']) {
      for (let guesses = 0; guesses < 2; guesses++) {
        await assert.rejects(identify(wrong, client_id), { status: 401 })
      }
      const before = reads
      await assert.rejects(identify(wrong, client_id), { status: 429 })
      assert.equal(reads, before)
    }
    assert.deepEqual(uses, [])
  })

  it('lets the secret through that has worked, beside any number of guesses', async () => {
    await identify(right)
    for (let guesses = 0; guesses < 10; guesses++) await assert.rejects(identify(wrong))
    assert.equal((await identify(right)).client_id, 'client_a')
  })

  it('counts it as nobody’s failure when the store does not answer', async () => {
    broken = true
    for (let tries = 0; tries < 10; tries++) {
      await assert.rejects(identify(right), (error) => error instanceof StoreUnavailable)
    }
    broken = false
    assert.equal((await identify(right)).client_id, 'client_a')
  })
})
