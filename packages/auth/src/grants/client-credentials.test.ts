import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertionAudiences } from '../clients/assertion.ts'
import { ClientDirectory } from '../clients/directory.ts'
import { createSecret, digestSecret } from '../clients/secret.ts'
import { LoginLimits } from '../limits/login-limits.ts'
import { TokenQuotas } from '../limits/token-quotas.ts'
import { fleetLookup } from '../testing/fleet-lookup.ts'
import { sampleRecord, sampleSecret } from '../testing/sample-client.ts'
import { onlyDigestKey } from '../testing/sample-keys.ts'
import { cutOff } from '../tokens/cut-off.ts'
import { clientCredentials, type GrantDeps } from './client-credentials.ts'

const NOW = 1_800_000_000_000
const ADDRESS = '192.0.2.1'
const AUDIENCE = 'https://api.example'
const digestKey = new Uint8Array(32)
const client_secret = createSecret('production')
const client = sampleRecord({
  secrets: [sampleSecret('secret_1', { digest: digestSecret(client_secret, digestKey) })],
  grants: [
    {
      audience: AUDIENCE,
      scopes: ['read'],
      token_lifetime_seconds: 3600,
      signing_alg: 'ES256',
      token_typ: 'at+jwt',
    },
  ],
  quota: { mode: 'observe', tokens_per_hour: 10, tokens_per_day: null },
})

/** A login whose store takes this long to count a token, and the signed claims. */
async function logIn(takesMs: number, duringLogin: (nowMs: number) => void) {
  const clock = { ms: NOW, reads: 0 }
  const now = (): number => {
    clock.reads++
    return clock.ms
  }
  let claims: Record<string, unknown> = {}
  const takeQuota = async () => {
    duringLogin(clock.ms)
    clock.ms += takesMs
    return { taken: true, hour_tokens: 1, day_tokens: 1 }
  }
  const limits = new LoginLimits({ now })
  // From then on the limits check every login from there.
  limits.failed({ client_id: 'another', address: ADDRESS, digest: null })
  clock.reads = 0
  const deps: GrantDeps = {
    directory: new ClientDirectory(fleetLookup(async () => client)),
    store: { useAssertion: () => assert.fail('a secret is not an assertion') },
    remoteKeys: { find: () => assert.fail('a secret is not an assertion') },
    digestKeys: onlyDigestKey(digestKey),
    secretMover: { move: () => assert.fail('its key is not being changed') },
    issuer: 'https://auth.example',
    assertionAudiences: assertionAudiences('https://auth.example', []),
    now,
    limits,
    quotas: new TokenQuotas({ store: { takeQuota }, onExceeded: () => {} }),
    usage: { secretUsed: () => {}, tokenIssued: () => {}, loggedIn: () => {} },
    metrics: { tokenIssued: () => {} },
    keys: {
      sign: async (_alg, payload) => {
        claims = JSON.parse(payload)
        return 'the.signed.token'
      },
    },
  }
  const call = { audience: AUDIENCE, scope: null, address: ADDRESS, user_agent: null }
  const { client_id } = client
  const credentials = { method: 'client_secret_post', client_id, client_secret } as const
  const { token } = await clientCredentials({ ...call, credentials, observe: () => {} }, deps)
  return { token, claims, clockReads: clock.reads }
}

describe('clientCredentials', () => {
  it('gives a client that is cut off during the login an invalid token, however long it takes', async () => {
    let issued_until = 0
    const { claims } = await logIn(60_000, (nowMs) => {
      issued_until = cutOff(client, nowMs).tokens_revoked_until ?? 0
    })
    assert.ok(Number(claims.iat) <= issued_until)
  })

  it('promises no more seconds than the token lives, however long it takes', async () => {
    const { token, claims } = await logIn(60_000, () => {})
    assert.equal(claims.exp, NOW / 1000 + token.expires_in)
  })

  it('reads the clock once, so that its steps agree on the time', async () => {
    const { clockReads } = await logIn(0, () => {})
    assert.equal(clockReads, 1)
  })
})
