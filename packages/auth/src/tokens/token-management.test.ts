/**
 * Revocation and introspection as use cases: what they read and refuse, and how they handle faults.
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
import { onlyEncryptionKey } from '../testing/sample-keys.ts'
import { introspect } from './introspect.ts'
import { revokeToken } from './revoke.ts'

const NOW = 1_800_000_000
const ISSUER = 'https://auth.example'
const API = 'https://api.example'
const grantOf = (audience: string, ...scopes: string[]): EffectiveGrant => ({
  ...{ audience, scopes, token_lifetime_seconds: 3600, signing_alg: 'ES256', token_typ: 'at+jwt' },
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

/** A key store that several rings share, and that can be unavailable to one of them. */
let sealed: readonly SealedKey[] = []
const ringOn = (isAway: () => boolean): KeyRing => {
  const store: SigningKeyStore = {
    listSigningKeys: async () => {
      if (isAway()) throw new StoreUnavailable('gone')
      return sealed
    },
    updateSigningKeys: async (update) => {
      if (isAway()) throw new StoreUnavailable('gone')
      sealed = update(sealed, { lastSeq: 0, instances: [] })?.keys ?? sealed
      return sealed
    },
    listFormerCheckpointKeys: async () => [],
  }
  return new KeyRing({
    policy: DEFAULT_KEY_POLICY,
    store,
    encryptionKeys: onlyEncryptionKey(new Uint8Array(32)),
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
 * Both use cases over a store that keeps revocations, and can be unavailable.
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
  it('recognizes a token only by its exact text', async () => {
    const { active } = setUp()
    const token = await sign()
    assert.equal(await active(token), true)
    for (const text of [` ${token}`, `${token} `, `${token}\n`, `Bearer ${token}`, `${token}=`]) {
      assert.equal(await active(text), false, JSON.stringify(text))
    }
  })

  it('returns the scopes the client still holds', async () => {
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

  it('returns the addresses from which a token may be used now, for resource servers to enforce', async () => {
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

  it('reports a token of another issuer, or of an older setting, signed with our key, as inactive', async () => {
    const { active } = setUp()
    assert.equal(await active(await sign({ iss: 'https://before.example' })), false)
  })

  it('reports a token as inactive from its exp on', async () => {
    const { active } = setUp()
    assert.equal(await active(await sign({ exp: NOW + 1 })), true)
    assert.equal(await active(await sign({ exp: NOW })), false)
  })

  it('reads the current state from the store, not from a cache', async () => {
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

  it('reports a token whose key is on the feed as inactive', async () => {
    const { state, active } = setUp()
    const token = await sign()
    assert.equal(await active(token), true)
    const kid = keys.publicKeys().keys[0]?.kid as string
    state.revocations.add([{ kind: 'key', kid, expires: NOW + 60 }])
    assert.equal(await active(token), false)
  })

  it('compares the jti exactly, however odd', async () => {
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

  it('shows a resource server the tokens for it in its environment, and no others', async () => {
    const { active } = setUp()
    const token = await sign()
    const api = sampleRecord({ client_id: 'api', resource_server_for: [API] })
    assert.equal(await active(token, api), true)
    assert.equal(await active(token, { ...api, org_id: 'another' }), true)
    assert.equal(await active(token, { ...api, environment: 'development' }), false)
    assert.equal(await active(token, { ...api, resource_server_for: [`${API}/`] }), false)
    assert.equal(await active(token, { ...api, resource_server_for: [] }), false)
  })

  it('does not answer about a valid token while the store is unavailable', async () => {
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

  it('writes nothing for a token that is not ours or already invalid', async () => {
    const { state, revoke } = setUp()
    const token = await sign()
    state.revocations.add([{ kind: 'token', jti: 'dead', expires: NOW + 60 }])
    const nothings = ['', 'x', `${token}x`, ` ${token}`, await sign({ exp: NOW })]
    for (const text of [...nothings, await sign({ jti: 'dead' })]) await revoke(text)
    assert.deepEqual(state.revoked, [])
  })

  it('refuses a token of another client, and leaves it valid', async () => {
    const { state, revoke } = setUp()
    const other = sampleRecord({ client_id: 'other', resource_server_for: [API] })
    await assert.rejects(
      revoke(await sign(), other),
      (error) => error instanceof OAuthError && error.reason.kind === 'foreign_token',
    )
    assert.deepEqual(state.revoked, [])
  })

  it('does not report success while the store is unavailable', async () => {
    const { state, revoke } = setUp()
    state.away = true
    await assert.rejects(revoke(await sign()), StoreUnavailable)
  })

  it('names the alternative when too many are revoked one by one', async () => {
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
  /** An instance that does not have the key yet, and a token signed with it. */
  async function setUpUnknownKey() {
    const away = { now: false }
    const ring = ringOn(() => away.now)
    await ring.load([])
    const other = ringOn(() => false)
    sealed = []
    await other.load(['ES256'])
    const token = await other.sign('ES256', JSON.stringify(CLAIMS))
    return { ...setUp(ring), away, token }
  }

  it('is revoked, and not treated as foreign', async () => {
    const { state, revoke, token } = await setUpUnknownKey()
    await revoke(token)
    assert.equal(state.revoked.length, 1)
  })

  it('is active', async () => {
    const { active, token } = await setUpUnknownKey()
    assert.equal(await active(token), true)
  })

  it('is reported neither revoked nor inactive while the store is unavailable', async () => {
    const { state, revoke, introspect, away, token } = await setUpUnknownKey()
    away.now = true
    state.away = true
    await assert.rejects(revoke(token), StoreUnavailable)
    await assert.rejects(introspect(token), StoreUnavailable)
  })
})
