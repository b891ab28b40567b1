import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SigningAlgorithm } from '@modulariot/oauth/protocol'
import type { Allowlist } from '../records/client.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { issueAccessToken, type ResolvedGrant } from './issue.ts'
import { refreshInSeconds } from './refresh-hint.ts'

const GRANT: ResolvedGrant = {
  audience: 'https://api.example',
  scopes: ['read', 'write'],
  lifetimeSeconds: 3600,
  alg: 'ES256',
  typ: 'JWT',
}

/** Issues a token at `now` with keys that only record what they sign. */
async function issue(now = 1_767_323_045_999, client = sampleRecord()) {
  const signed: { alg: SigningAlgorithm; typ: string; claims: Record<string, unknown> }[] = []
  const keys = {
    sign: async (alg: SigningAlgorithm, payload: string, typ = '') => {
      signed.push({ alg, typ, claims: JSON.parse(payload) })
      return 'the.signed.token'
    },
  }
  const counted: SigningAlgorithm[] = []
  const metrics = { tokenIssued: (alg: SigningAlgorithm) => void counted.push(alg) }
  const deps = { issuer: 'https://auth.example', keys, metrics }
  const response = await issueAccessToken(client, GRANT, now, deps)
  return { response, counted, ...(signed[0] ?? assert.fail('nothing was signed')) }
}

describe('issueAccessToken', () => {
  it('signs the claims of RFC 9068, times in whole seconds', async () => {
    const { alg, typ, claims } = await issue()
    const { jti, ...others } = claims
    assert.deepEqual({ alg, typ }, { alg: 'ES256', typ: 'JWT' })
    assert.match(String(jti), /^[\w-]{24}$/)
    assert.deepEqual(others, {
      iss: 'https://auth.example',
      sub: 'client_1',
      aud: 'https://api.example',
      iat: 1_767_323_045,
      exp: 1_767_326_645,
      client_id: 'client_1',
      azp: 'client_1',
      scope: 'read write',
      org_id: 'org_1',
      environment: 'production',
    })
  })

  it('returns what RFC 6749 §5.1 requires, and when to refresh', async () => {
    assert.deepEqual((await issue()).response, {
      access_token: 'the.signed.token',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_in: refreshInSeconds('client_1', 3600),
      scope: 'read write',
    })
  })

  it('puts the allowed addresses into the token, enforced or observed as in the client’s list', async () => {
    const cidrs = ['203.0.113.0/24']
    const claimsFor = async (mode: Allowlist['mode']) => {
      const { claims } = await issue(0, sampleRecord({ allowlist: { mode, cidrs } }))
      const { allowed_addresses, observed_addresses } = claims
      return { allowed_addresses, observed_addresses }
    }
    const neither = { allowed_addresses: undefined, observed_addresses: undefined }
    assert.deepEqual(await claimsFor('off'), neither)
    assert.deepEqual(await claimsFor('observe'), { ...neither, observed_addresses: cidrs })
    assert.deepEqual(await claimsFor('enforce'), { ...neither, allowed_addresses: cidrs })
  })

  it('is counted by its algorithm', async () => {
    assert.deepEqual((await issue()).counted, ['ES256'])
  })

  it('gives every token its own id', async () => {
    const ids = await Promise.all(
      Array.from({ length: 100 }, async () => (await issue()).claims.jti),
    )
    assert.equal(new Set(ids).size, 100)
  })
})
