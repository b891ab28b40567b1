import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { beforeEach, describe, it, mock } from 'node:test'
import type { SecretCredentials } from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { LoginLimits } from '../limits/login-limits.ts'
import type { LoginClient } from '../records/client.ts'
import type { SecretMove } from '../store/ports/secret-moves.ts'
import { fleetLookup } from '../testing/fleet-lookup.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { onlyDigestKey } from '../testing/sample-keys.ts'
import type { SecretUse } from '../usage/usage-counter.ts'
import { assertionAudiences } from './assertion.ts'
import { ClientDirectory } from './directory.ts'
import { type IdentificationDeps, identifyClient } from './identify.ts'
import { createSecret, digestSecret } from './secret.ts'

const caller = { address: '192.0.2.1', user_agent: 'test' }
const NOW = 1_800_000_000_000
const digestKey = new Uint8Array(32)
const right = createSecret('development')
const wrong = createSecret('development')
const ended = createSecret('development')
const policy = { name: 'test', quota: 4, windowSeconds: 60 }

let broken: boolean
let statements: readonly unknown[]
let uses: SecretUse[]
let moves: SecretMove[]
let deps: IdentificationDeps

const secret = {
  secret_id: 'secret_a',
  label: '',
  digest: digestSecret(right, digestKey),
  created_at: '',
  expires_at: null,
}
const record = sampleRecord({
  client_id: 'client_a',
  status: 'active',
  secrets: [
    secret,
    {
      ...secret,
      secret_id: 'secret_b',
      digest: digestSecret(ended, digestKey),
      expires_at: '2026-01-01T00:00:00Z',
    },
  ],
})
const disabled = sampleRecord({ ...record, client_id: 'client_disabled', status: 'disabled' })
const known = [record, disabled]

beforeEach(() => {
  broken = false
  uses = []
  moves = []
  const lookup = fleetLookup(async (client_id) => {
    if (broken) throw new StoreUnavailable('disk')
    return known.find((one) => one.client_id === client_id) ?? null
  })
  statements = lookup.statements
  const now = () => NOW
  const address = { ...policy, quota: 100 }
  const policies = { client: policy, address, ceiling: policy, signature: policy }
  deps = {
    directory: new ClientDirectory(lookup),
    store: { useAssertion: async () => true },
    remoteKeys: { find: () => assert.fail('no client publishes its keys') },
    assertionAudiences: assertionAudiences('https://auth.example', []),
    digestKeys: onlyDigestKey(digestKey),
    secretMover: { move: (move) => moves.push(move) },
    limits: new LoginLimits({ now, policies }),
    usage: { secretUsed: (use) => uses.push(use) },
  }
})

function identify(client_secret: string, client_id = 'client_a'): Promise<LoginClient> {
  const method = 'client_secret_post' as const
  const credentials: SecretCredentials = { method, client_id, client_secret }
  return identifyClient(credentials, caller, NOW, deps)
}

/** How many digests of a secret `work` computes, whether it succeeds or fails. */
async function digestsOf(work: () => Promise<unknown>): Promise<number> {
  const digest = mock.method(crypto, 'createHmac')
  syncBuiltinESMExports()
  try {
    await work().catch(() => {})
    return digest.mock.callCount()
  } finally {
    digest.mock.restore()
    syncBuiltinESMExports()
  }
}

describe('identifyClient', () => {
  describe('while the encryption key is being changed', () => {
    const newKey = new Uint8Array(32).fill(1)
    const before = onlyDigestKey(digestKey)
    const during = { inUse: onlyDigestKey(newKey).inUse, other: before.inUse }

    it('accepts a secret under the former key, and moves it to the new one', async () => {
      deps = { ...deps, digestKeys: during }
      assert.equal((await identify(right)).client_id, 'client_a')
      assert.deepEqual(moves, [
        {
          ...{ client_id: 'client_a', secret_id: 'secret_a', from: secret.digest },
          ...{ digest: digestSecret(right, newKey), digest_key: during.inUse.id },
        },
      ])
      assert.deepEqual(uses, [{ client_id: 'client_a', secret_id: 'secret_a', ...caller }])
    })

    it('moves no secret that is under the key in use, or is refused', async () => {
      await identify(right)
      deps = { ...deps, digestKeys: during }
      for (const [shown, client_id] of [
        [wrong, 'client_a'],
        [ended, 'client_a'],
        [right, 'client_disabled'],
      ] as const) {
        await assert.rejects(identify(shown, client_id), { status: 401 })
      }
      assert.deepEqual(moves, [])
    })

    it('accepts no former key unless it is given one', async () => {
      deps = { ...deps, digestKeys: { inUse: during.inUse, other: null } }
      await assert.rejects(identify(right), { status: 401 })
      deps = { ...deps, digestKeys: { inUse: during.inUse, other: before.inUse } }
      assert.equal((await identify(right)).client_id, 'client_a')
    })

    it('computes two digests, whatever the outcome', async () => {
      deps = { ...deps, digestKeys: during }
      for (const [shown, client_id] of [
        [right, 'client_a'],
        [wrong, 'client_a'],
        [ended, 'client_a'],
        [right, 'client_made_up'],
        [right, 'client_disabled'],
      ] as const) {
        assert.equal(await digestsOf(() => identify(shown, client_id)), 2)
      }
    })
  })

  it('returns the client, and records which secret was used, from which address and user agent', async () => {
    assert.equal((await identify(right)).client_id, 'client_a')
    assert.deepEqual(uses, [{ client_id: 'client_a', secret_id: 'secret_a', ...caller }])
  })

  it('does not read the store for a guess beyond the budget, whether the client exists or not', async () => {
    for (const client_id of ['client_a', 'client_made_up']) {
      for (let guesses = 0; guesses < 2; guesses++) {
        await assert.rejects(identify(wrong, client_id), { status: 401 })
      }
      const before = statements.length
      await assert.rejects(identify(wrong, client_id), { status: 429 })
      assert.equal(statements.length, before)
    }
    assert.deepEqual(uses, [])
  })

  it('lets a secret that has worked through, despite any number of guesses', async () => {
    await identify(right)
    for (let guesses = 0; guesses < 10; guesses++) await assert.rejects(identify(wrong))
    assert.equal((await identify(right)).client_id, 'client_a')
  })

  it('does not count a failure when the store does not answer', async () => {
    broken = true
    for (let tries = 0; tries < 10; tries++) {
      await assert.rejects(identify(right), (error) => error instanceof StoreUnavailable)
    }
    broken = false
    assert.equal((await identify(right)).client_id, 'client_a')
  })

  describe('computes one digest, so that timing reveals nothing about', () => {
    const mistyped = `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`
    const logins = [
      ['the right secret', right, 'client_a'],
      ['a wrong secret', wrong, 'client_a'],
      ['a secret that has ended', ended, 'client_a'],
      ['a mistyped secret', mistyped, 'client_a'],
      ['an unknown client', right, 'client_made_up'],
      ['a disabled client', right, 'client_disabled'],
    ] as const
    for (const [what, shown, client_id] of logins) {
      it(what, async () => {
        assert.equal(await digestsOf(() => identify(shown, client_id)), 1)
      })

      it(`${what}, beyond the budget`, async () => {
        for (let guesses = 0; guesses < 2; guesses++) {
          await assert.rejects(identify(wrong, client_id), { status: 401 })
        }
        assert.equal(await digestsOf(() => identify(shown, client_id)), 1)
      })

      it(`${what}, beyond the budget and having proved the client before`, async () => {
        const digest = digestSecret(shown, digestKey)
        deps.limits.proved({ client_id, address: '192.0.2.9', digest })
        for (let guesses = 0; guesses < 2; guesses++) {
          await assert.rejects(identify(createSecret('development'), client_id), { status: 401 })
        }
        assert.equal(await digestsOf(() => identify(shown, client_id)), 1)
      })
    }
  })
})
