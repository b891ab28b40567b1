import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AccessTokenClaims, OAuthError } from '@modulariot/oauth/protocol'
import type { Client } from '../records/client.ts'
import type { ClientState } from '../store/ports/audited-change.ts'
import { sampleClient } from '../testing/sample-client.ts'
import { type AdminRequest, authorityOf, authorizedScopes } from './authority.ts'

const NOW = 1_800_000_000
const ADMIN = 'https://auth.example/admin/v1'
const SCOPES = ['clients:read', 'clients:write']
const REQUEST: AdminRequest = {
  claims: {
    ...{ iss: 'i', sub: 'client_1', aud: ADMIN, exp: NOW + 60, iat: NOW, jti: 'token' },
    ...{ client_id: 'client_1', azp: 'client_1', scope: 'clients:read clients:write' },
    ...{ org_id: 'org_1', environment: 'production' },
  } satisfies AccessTokenClaims,
  kid: 'key',
  scope: 'clients:write',
  address: '192.0.2.1',
}

const actorOf = (changes: Partial<Client> = {}): ClientState => ({
  client: sampleClient({ grants: [{ audience: ADMIN, scopes: SCOPES }], ...changes }),
  tokenRevoked: false,
})

const refused = (error: string, status: number) => (thrown: unknown) =>
  thrown instanceof OAuthError && thrown.error === error && thrown.status === status

/** The actor's state at the time of the change, and the response. A new rule is a new row. */
const REFUSED: Readonly<
  Record<string, readonly [actor: ClientState, error: string, status: number, nowMs?: number]>
> = {
  'it does not exist': [{ client: null, tokenRevoked: false }, 'invalid_token', 401],
  'it is disabled': [actorOf({ status: 'disabled' }), 'invalid_token', 401],
  'its tokens were cut off': [actorOf({ tokens_revoked_until: NOW }), 'invalid_token', 401],
  'the feed names its token': [{ ...actorOf(), tokenRevoked: true }, 'invalid_token', 401],
  'its token has expired': [actorOf(), 'invalid_token', 401, (NOW + 60) * 1000],
  'it has no grant at the admin API': [actorOf({ grants: [] }), 'insufficient_scope', 403],
  'it has the scope at another audience': [
    actorOf({ grants: [{ audience: 'https://api.example', scopes: SCOPES }] }),
    ...(['insufficient_scope', 403] as const),
  ],
  'it lost the scope the route needs': [
    actorOf({ grants: [{ audience: ADMIN, scopes: ['clients:read'] }] }),
    ...(['insufficient_scope', 403] as const),
  ],
  'its allowlist no longer has its address': [
    actorOf({ allowlist: { mode: 'enforce', cidrs: ['198.51.100.0/24'] } }),
    ...(['access_denied', 403] as const),
  ],
}

describe('an administrator’s authority', () => {
  it('is the scopes that both its token and its record have', () => {
    assert.deepEqual(authorizedScopes(REQUEST, actorOf(), NOW * 1000), SCOPES)
    const more = actorOf({ grants: [{ audience: ADMIN, scopes: [...SCOPES, 'audit:read'] }] })
    assert.deepEqual(authorizedScopes(REQUEST, more, NOW * 1000), SCOPES)
    const earlier = actorOf({ tokens_revoked_until: NOW - 1 })
    assert.deepEqual(authorizedScopes(REQUEST, earlier, NOW * 1000), SCOPES)
  })

  for (const [why, [actor, error, status, nowMs = NOW * 1000]] of Object.entries(REFUSED)) {
    it(`is refused when ${why}, before the change and in its unit`, () => {
      assert.throws(() => authorizedScopes(REQUEST, actor, nowMs), refused(error, status))
      const authority = authorityOf(REQUEST, ['clients:write'], () => nowMs)
      assert.throws(() => authority.assert(actor), refused(error, status))
    })
  }

  it('names the token, its key and its client for the store’s unit', () => {
    const { client_id, jti, kid } = authorityOf(REQUEST, SCOPES, () => NOW * 1000)
    assert.deepEqual({ client_id, jti, kid }, { client_id: 'client_1', jti: 'token', kid: 'key' })
  })

  it('is refused in the unit when any scope that the request was allowed with is gone', () => {
    const authority = authorityOf(REQUEST, SCOPES, () => NOW * 1000)
    authority.assert(actorOf())
    const without = actorOf({ grants: [{ audience: ADMIN, scopes: ['clients:write'] }] })
    assert.throws(() => authority.assert(without), refused('insufficient_scope', 403))
  })

  it('reports what an observing allowlist would refuse, and lets it pass', () => {
    const seen: unknown[] = []
    const actor = actorOf({ allowlist: { mode: 'observe', cidrs: ['198.51.100.0/24'] } })
    authorizedScopes(REQUEST, actor, NOW * 1000, (refusal) => seen.push(refusal))
    assert.equal(seen.length, 1)
  })
})
