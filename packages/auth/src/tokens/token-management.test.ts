/**
 * Revocation and introspection as use cases: what is read, what is refused, what a fault makes of
 * them.
 */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { createVerifier, RevocationList } from '@modulariot/oauth/resource-server'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { DEFAULT_KEY_POLICY } from '../keys/key-life.ts'
import { KeyRing } from '../keys/key-ring.ts'
import { storedKeys } from '../keys/stored-keys.ts'
import type { ClientRecord, EffectiveGrant } from '../records/client.ts'
import type { SealedKey } from '../records/sealed-key.ts'
import type { RevokedTokens, TokenRevocation } from '../store/ports/revocations.ts'
import type { SigningKeyStore } from '../store/ports/signing-keys.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { introspect } from './introspect.ts'
import { revokeToken } from './revoke.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://auth.example'
const API = 'https://api.example'
const grantOf = (audience: string, ...scopes: string[]): EffectiveGrant => ({
  ...{ audience, scopes, token_lifetime_seconds: 3600, signing_alg: 'ES256' },
})
const OWNER = sampleRecord({ client_id: 'owner', grants: [grantOf(API, 'read', 'write')] })
const CLAIMS = {
  iss: ISSUER,
  sub: 'owner',
  aud: API,
  exp: NOW + 60,
  iat: NOW,
  jti: 'token-1',
  client_id: 'owner',
  azp: 'owner',
  scope: 'read',
  org_id: 'org_1',
  environment: 'production',
}

/** A store of keys that several rings share, and that can be away from one of them. */
let sealed: readonly SealedKey[] = []
const ringOn = (isAway: () => boolean): KeyRing => {
  const store: SigningKeyStore = {
    listSigningKeys: async () => {
      if (isAway()) throw new StoreUnavailable('gone')
      return sealed
    },
    updateSigningKeys: async (update) => {
      if (isAway()) throw new StoreUnavailable('gone')
      sealed = update(sealed)?.keys ?? sealed
      return sealed
    },
  }
  return new KeyRing({
    policy: DEFAULT_KEY_POLICY,
    store,
    sealingKey: new Uint8Array(32),
    now: () => NOW * 1000,
  })
}

let keys: KeyRing
before(async () => {
  keys = ringOn(() => false)
  await keys.load(['ES256'])
})

const sign = (changes: object = {}): Promise<string> =>
  keys.sign('ES256', JSON.stringify({ ...CLAIMS, ...changes }))

/**
 * Both use cases over a store that remembers what was revoked, and can be away.
 *
 * @param ring of this instance.
 */
function setUp(ring = keys) {
  const state = {
    clients: [OWNER] as ClientRecord[],
    revoked: [] as TokenRevocation[],
    outcome: 'revoked' as Awaited<ReturnType<RevokedTokens['revokeToken']>>,
    away: false,
    revocations: new RevocationList(),
  }
  const reached = <Value>(value: Value): Value => {
    if (state.away) throw new StoreUnavailable('gone')
    return value
  }
  const deps = {
    ownVerifier: createVerifier({
      issuer: ISSUER,
      audience: null,
      keys: storedKeys(ring),
      now: () => NOW * 1000,
      revocations: state.revocations,
    }),
    store: {
      findClient: async (id: string) =>
        reached(state.clients.find(({ client_id }) => client_id === id) ?? null),
      isTokenRevoked: async (jti: string) => reached(state.revoked.some((one) => one.jti === jti)),
      revokeToken: async (token: TokenRevocation) => {
        reached(state.revoked.push(token))
        return state.outcome
      },
    },
  }
  return {
    state,
    active: async (token: string, caller = OWNER) => (await introspect(token, caller, deps)).active,
    introspect: (token: string, caller = OWNER) => introspect(token, caller, deps),
    revoke: (token: string, caller = OWNER) => revokeToken(token, caller, deps),
  }
}

describe('introspect', () => {
  it('knows a token by its exact text only', async () => {
    const { active } = setUp()
    const token = await sign()
    assert.equal(await active(token), true)
    for (const text of [` ${token}`, `${token} `, `${token}\n`, `Bearer ${token}`, `${token}=`]) {
      assert.equal(await active(text), false, JSON.stringify(text))
    }
  })

  it('says what the client may do now: the scopes it is still granted', async () => {
    const { introspect, state } = setUp()
    const scopeOf = async (scope: string, ...grants: EffectiveGrant[]) => {
      state.clients = [{ ...OWNER, grants }]
      const answer = await introspect(await sign({ scope }))
      return answer.active ? answer.scope : null
    }
    const other = grantOf('https://other.example', 'read', 'write')
    assert.equal(await scopeOf('write read', grantOf(API, 'read', 'write')), 'write read')
    assert.equal(await scopeOf('read', grantOf(API, 'read', 'write')), 'read')
    assert.equal(await scopeOf('write read', other, grantOf(API, 'read')), 'read')
    assert.equal(await scopeOf('write', other, grantOf(API, 'read')), null)
    assert.equal(await scopeOf('write', other), null)
    assert.equal(await scopeOf('write'), null)
  })

  it('says from where a token may be used now, so that a resource server can hold it to that', async () => {
    const { introspect, state } = setUp()
    const allowed_addresses = ['192.0.2.0/24']
    const token = await sign({ allowed_addresses })
    const addressesWith = async (mode: ClientRecord['allowlist']['mode'], ...cidrs: string[]) => {
      state.clients = [{ ...OWNER, allowlist: { mode, cidrs } }]
      const answer = await introspect(token)
      return answer.active && answer.allowed_addresses
    }
    assert.deepEqual(await addressesWith('enforce', '203.0.113.0/24'), ['203.0.113.0/24'])
    assert.equal(await addressesWith('observe', '203.0.113.0/24'), undefined)
    assert.equal(await addressesWith('off'), undefined)
  })

  it('finds a token inactive that another issuer, or an older setting, has signed with our key', async () => {
    const { active } = setUp()
    assert.equal(await active(await sign({ iss: 'https://before.example' })), false)
  })

  it('finds a token inactive from its exp on', async () => {
    const { active } = setUp()
    assert.equal(await active(await sign({ exp: NOW + 1 })), true)
    assert.equal(await active(await sign({ exp: NOW })), false)
  })

  it('asks the store what became of it, not memory', async () => {
    const { state, active } = setUp()
    const token = await sign()
    assert.equal(await active(token), true)
    for (const change of [{ status: 'disabled' }, { tokens_revoked_until: NOW }] as const) {
      state.clients = [{ ...OWNER, ...change }]
      assert.equal(await active(token), false, JSON.stringify(change))
    }
    state.clients = []
    assert.equal(await active(token), false, 'no such client')
    state.clients = [{ ...OWNER, tokens_revoked_until: NOW - 1 }]
    assert.equal(await active(token), true, 'issued after the cut')
    state.revoked = [{ jti: 'token-1', client_id: 'owner', expires: NOW + 60 }]
    assert.equal(await active(token), false)
  })

  it('finds a token inactive whose key is on the feed', async () => {
    const { state, active } = setUp()
    const token = await sign()
    assert.equal(await active(token), true)
    const kid = keys.publicKeys().keys[0]?.kid as string
    state.revocations.add([{ kind: 'key', kid, expires: NOW + 60 }])
    assert.equal(await active(token), false)
  })

  it('compares the jti as it is, however odd', async () => {
    const { state, active } = setUp()
    for (const jti of [
      "a' OR '1'='1",
      'a%',
      '\u{1f600}',
      'a\u0000b',
      '__proto__',
      'é'.repeat(500),
    ]) {
      const token = await sign({ jti })
      assert.equal(await active(token), true)
      state.revoked = [{ jti: `${jti}x`, client_id: 'owner', expires: NOW + 60 }]
      assert.equal(await active(token), true)
      state.revoked = [{ jti, client_id: 'owner', expires: NOW + 60 }]
      assert.equal(await active(token), false)
    }
  })

  it('shows a resource server what is for it in its environment, and nothing else', async () => {
    const { active } = setUp()
    const token = await sign()
    const api = sampleRecord({ client_id: 'api', resource_server_for: [API] })
    assert.equal(await active(token, api), true)
    assert.equal(await active(token, { ...api, org_id: 'another' }), true)
    assert.equal(await active(token, { ...api, environment: 'development' }), false)
    assert.equal(await active(token, { ...api, resource_server_for: [`${API}/`] }), false)
    assert.equal(await active(token, { ...api, resource_server_for: [] }), false)
  })

  it('gives no answer about a living token while the store is away', async () => {
    const { state, introspect, active } = setUp()
    state.away = true
    await assert.rejects(introspect(await sign()), StoreUnavailable)
    assert.equal(await active('garbage'), false, 'which needs no store to be known')
  })
})

describe('revokeToken', () => {
  it('puts the token on the feed until it would have expired', async () => {
    const { state, revoke } = setUp()
    await revoke(await sign())
    assert.deepEqual(state.revoked, [{ jti: 'token-1', client_id: 'owner', expires: NOW + 60 }])
  })

  it('writes nothing for what is no living token of ours, nor for one that is dead already', async () => {
    const { state, revoke } = setUp()
    const token = await sign()
    state.revocations.add([{ kind: 'token', jti: 'dead', expires: NOW + 60 }])
    const nothings = ['', 'x', `${token}x`, ` ${token}`, await sign({ exp: NOW })]
    for (const text of [...nothings, await sign({ jti: 'dead' })]) await revoke(text)
    assert.deepEqual(state.revoked, [])
  })

  it('refuses a token of another client, and leaves it alone', async () => {
    const { state, revoke } = setUp()
    const other = sampleRecord({ client_id: 'other', resource_server_for: [API] })
    await assert.rejects(
      revoke(await sign(), other),
      (error) => error instanceof OAuthError && error.reason.kind === 'foreign_token',
    )
    assert.deepEqual(state.revoked, [])
  })

  it('says nothing of success while the store is away', async () => {
    const { state, revoke } = setUp()
    state.away = true
    await assert.rejects(revoke(await sign()), StoreUnavailable)
  })

  it('says what to do instead when too many are revoked one by one', async () => {
    const { state, revoke } = setUp()
    state.outcome = 'too_many'
    await assert.rejects(
      revoke(await sign()),
      (error) =>
        error instanceof OAuthError &&
        error.status === 429 &&
        /all its tokens revoked instead/.test(error.message) &&
        error.reason.kind === 'over_bound',
    )
    state.outcome = 'already'
    await revoke(await sign())
  })
})

describe('a token whose key another instance has just made', () => {
  /** An instance that has not heard of the key yet, and a token signed with it. */
  async function unheardOf() {
    const away = { now: false }
    const ring = ringOn(() => away.now)
    await ring.load([])
    const other = ringOn(() => false)
    sealed = []
    await other.load(['ES256'])
    const token = await other.sign('ES256', JSON.stringify(CLAIMS))
    return { ...setUp(ring), away, token }
  }

  it('is revoked, and not taken for none of ours', async () => {
    const { state, revoke, token } = await unheardOf()
    await revoke(token)
    assert.equal(state.revoked.length, 1)
  })

  it('is active', async () => {
    const { active, token } = await unheardOf()
    assert.equal(await active(token), true)
  })

  it('is not said to be revoked or inactive while the store is away', async () => {
    const { state, revoke, introspect, away, token } = await unheardOf()
    away.now = true
    state.away = true
    await assert.rejects(revoke(token), StoreUnavailable)
    await assert.rejects(introspect(token), StoreUnavailable)
  })
})
