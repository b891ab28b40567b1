import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import fc from 'fast-check'
import { verifyAccess } from './verify-access.ts'

const CLAIMS: AccessTokenClaims = {
  iss: 'https://auth.example',
  sub: 'client_1',
  aud: 'https://api.example',
  exp: 2,
  iat: 1,
  jti: 'a',
  client_id: 'client_1',
  azp: 'client_1',
  scope: 'read write',
  org_id: 'org_1',
  environment: 'production',
}

const REQUEST = {
  authorization: 'Bearer a',
  audience: CLAIMS.aud,
  scopes: ['read'],
  address: '192.0.2.1',
  observe: () => assert.fail('nothing to observe'),
}

const verifierOf = (claims: AccessTokenClaims) => ({ verify: async () => claims })

describe('verifyAccess', () => {
  it('gives access for exactly the audience and for scopes that were granted', async () => {
    const words = fc.constantFrom('read', 'write', 'rea', 'read write', '', 'READ')
    const audiences = fc.constantFrom(CLAIMS.aud, `${CLAIMS.aud}/`, '', 'https://other.example')
    await fc.assert(
      fc.asyncProperty(audiences, fc.array(words), async (audience, scopes) => {
        const asked = verifyAccess({ ...REQUEST, audience, scopes }, verifierOf(CLAIMS))
        const status = await asked.then(
          () => 200,
          (error) => error.status,
        )
        const granted = scopes.every((scope) => ['read', 'write'].includes(scope))
        assert.equal(status, audience !== CLAIMS.aud ? 401 : granted ? 200 : 403)
      }),
    )
  })

  it('names every required scope in the refusal, and what is missing', async () => {
    await assert.rejects(
      verifyAccess({ ...REQUEST, scopes: ['read', 'a', 'b'] }, verifierOf(CLAIMS)),
      {
        error: 'insufficient_scope',
        error_description: 'The scopes a b are required',
        reason: { kind: 'insufficient_scope', client_id: 'client_1', scope: 'read a b' },
      },
    )
  })

  it('enforces allowed addresses, and reports observed ones', async () => {
    const ranges = ['203.0.113.0/24']
    const bound = verifierOf({ ...CLAIMS, allowed_addresses: ranges })
    await assert.rejects(verifyAccess(REQUEST, bound), { error: 'access_denied', status: 403 })
    await verifyAccess({ ...REQUEST, address: '203.0.113.9' }, bound)
    const seen: string[] = []
    const observed = verifierOf({ ...CLAIMS, observed_addresses: ranges })
    await verifyAccess({ ...REQUEST, observe: ({ kind }) => seen.push(kind) }, observed)
    assert.deepEqual(seen, ['address_not_allowed'])
  })
})
