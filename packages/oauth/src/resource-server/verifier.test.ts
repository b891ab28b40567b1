import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError, SIGNING_ALGORITHMS } from '../protocol/index.ts'
import { findVerificationKey, type JsonWebKeySet } from './json-web-key-set.ts'
import { RevocationList } from './revocation-list.ts'
import { AUDIENCE, CLAIMS, keys, NOW, setUp, sign } from './verifier.fixture.ts'

describe('a good token', () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`verifies with ${alg} and gives its claims`, async () => {
      assert.deepEqual(await setUp().verify(await sign(CLAIMS, alg)), CLAIMS)
    })
  }

  it('verifies when our audience is one of several, and returns ours', async () => {
    const token = await sign({ ...CLAIMS, aud: ['https://other.example', AUDIENCE] })
    assert.equal((await setUp().verify(token)).aud, AUDIENCE)
  })

  it('returns only the claims we know', async () => {
    assert.deepEqual(await setUp().verify(await sign({ ...CLAIMS, admin: true })), CLAIMS)
  })

  it('passes with the required scope, and not with another', async () => {
    const { verify } = setUp()
    const token = await sign(CLAIMS)
    assert.equal((await verify(token, 'asset:track:write')).client_id, 'client-1')
    for (const scope of ['asset:track', 'asset:track:write:all', 'admin']) {
      await assert.rejects(verify(token, scope), {
        error: 'insufficient_scope',
        status: 403,
        reason: { kind: 'insufficient_scope', client_id: 'client-1', scope },
      })
    }
  })

  for (const scope of [undefined, '', null, 7, ['asset:track:write'], { 'asset:track:write': 1 }]) {
    it(`grants nothing when its scope is ${JSON.stringify(scope)}`, async () => {
      const { verify } = setUp()
      const token = await sign({ ...CLAIMS, scope })
      assert.equal((await verify(token)).scope, '')
      await assert.rejects(verify(token, 'asset:track:write'), { error: 'insufficient_scope' })
    })
  }
})

describe('no token at all', () => {
  for (const authorization of [undefined, '', 'Basic YTpz']) {
    it(`is reported for Authorization ${JSON.stringify(authorization)}`, async () => {
      await assert.rejects(setUp().verifier.verify(authorization), {
        status: 401,
        reason: { kind: 'no_token' },
      })
    })
  }
})

describe('the keys', () => {
  it('that are unavailable cause a 503, which the next request does not remember', async () => {
    const unavailable = { kind: 'unavailable', detail: 'jwks' } as const
    const error = new OAuthError('temporarily_unavailable', 'Not right now', 503, unavailable)
    let down = true
    const find = async () => {
      if (down) throw error
      return keys.ES256.publicKey
    }
    const { verify } = setUp({ keys: { find } })
    const token = await sign(CLAIMS)
    await assert.rejects(verify(token), error)
    down = false
    assert.deepEqual(await verify(token), CLAIMS)
  })

  it('without the token’s kid refuse the token', async () => {
    await assert.rejects(setUp().verify(await sign(CLAIMS, 'ES256', { kid: 'k9' })), {
      error: 'invalid_token',
      status: 401,
      reason: { kind: 'unknown_key' },
    })
  })
})

describe('a token seen before', () => {
  it('verifies without looking for its key again', async () => {
    const { verify, finds } = setUp()
    const token = await sign(CLAIMS)
    for (let count = 0; count < 5; count++) assert.deepEqual(await verify(token), CLAIMS)
    assert.equal(finds.length, 1)
  })

  it('still needs the scope', async () => {
    const { verify } = setUp()
    const token = await sign(CLAIMS)
    await verify(token)
    await assert.rejects(verify(token, 'admin'), { error: 'insufficient_scope' })
  })

  it('is remembered though its scope did not suffice', async () => {
    const { verify, finds } = setUp()
    const token = await sign(CLAIMS)
    await assert.rejects(verify(token, 'admin'), { error: 'insufficient_scope' })
    await verify(token)
    assert.equal(finds.length, 1)
  })

  it('is refused exactly at exp', async () => {
    const { verify, clock } = setUp()
    const token = await sign(CLAIMS)
    clock.seconds = CLAIMS.exp - 0.001
    await verify(token)
    clock.seconds = CLAIMS.exp
    await assert.rejects(verify(token), {
      error: 'invalid_token',
      error_description: 'The access token has expired',
      reason: { kind: 'claim_rejected', claim: 'exp', client_id: CLAIMS.client_id },
    })
  })

  it('is refused within minutes once its key was withdrawn, even without a feed', async () => {
    let set: JsonWebKeySet = { keys: [keys.ES256.public_jwk] }
    const { verify, clock } = setUp({
      keys: { find: (header) => findVerificationKey(set, header) },
    })
    const token = await sign(CLAIMS)
    await verify(token)
    set = { keys: [] }
    clock.seconds += 299
    await verify(token)
    clock.seconds += 1
    await assert.rejects(verify(token), { status: 401, reason: { kind: 'unknown_key' } })
  })

  it('does not vouch for the same token with another signature', async () => {
    for (const alg of SIGNING_ALGORITHMS) {
      const { verify } = setUp()
      const token = await sign(CLAIMS, alg)
      await verify(token)
      const [head, payload, signature = ''] = token.split('.')
      const altered = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
      await assert.rejects(verify(`${head}.${payload}.${altered}`), {
        reason: { kind: 'bad_signature' },
      })
    }
  })

  it('does not vouch for another payload under its signature', async () => {
    const { verify } = setUp()
    const token = await sign(CLAIMS)
    await verify(token)
    const [head, , signature] = token.split('.')
    const claims = JSON.stringify({ ...CLAIMS, client_id: 'client-2' })
    const payload = Buffer.from(claims).toString('base64url')
    await assert.rejects(verify(`${head}.${payload}.${signature}`), {
      reason: { kind: 'bad_signature' },
    })
  })

  it('is not remembered when it was refused', async () => {
    const { verify, clock, finds } = setUp()
    const token = await sign({ ...CLAIMS, iat: NOW + 61 })
    await assert.rejects(verify(token), {
      reason: { kind: 'claim_rejected', claim: 'iat', client_id: CLAIMS.client_id },
    })
    clock.seconds += 1
    assert.equal((await verify(token)).iat, NOW + 61)
    assert.equal(finds.length, 2)
  })

  it('is dropped once the cache is full of others', async () => {
    const { verify, finds } = setUp({ cacheSize: 2 })
    const tokens = await Promise.all(['a', 'b', 'c'].map((jti) => sign({ ...CLAIMS, jti })))
    for (const token of tokens) await verify(token)
    assert.equal(finds.length, 3)
    await verify(tokens[2] as string)
    await verify(tokens[1] as string)
    assert.equal(finds.length, 3)
    await verify(tokens[0] as string)
    assert.equal(finds.length, 4)
  })

  it('is looked up each time with a cacheSize of zero', async () => {
    const { verify, finds } = setUp({ cacheSize: 0 })
    const token = await sign(CLAIMS)
    await verify(token)
    await verify(token)
    assert.equal(finds.length, 2)
  })
})

describe('what the verifier returns', () => {
  it('cannot be changed by one request for the next', async () => {
    const { verify } = setUp()
    const token = await sign({ ...CLAIMS, allowed_addresses: ['10.0.0.0/8'] })
    const claims = (await verify(token)) as unknown as Record<string, unknown>
    assert.throws(() => {
      claims.scope = 'admin'
    }, TypeError)
    assert.throws(() => (claims.allowed_addresses as string[]).push('0.0.0.0/0'), TypeError)
    assert.deepEqual((await verify(token)).allowed_addresses, ['10.0.0.0/8'])
  })

  it('is looked up however the scheme is spelled', async () => {
    const { verifier, finds } = setUp()
    const token = await sign(CLAIMS)
    for (const scheme of ['Bearer', 'bearer', 'BEARER ', 'Bearer  ']) {
      assert.deepEqual(await verifier.verify(`${scheme} ${token}`), CLAIMS)
    }
    assert.equal(finds.length, 1)
  })
})

describe('a revocation', () => {
  it('ends a token that was seen before', async () => {
    const list = new RevocationList()
    const { verify } = setUp({ revocations: list })
    const token = await sign(CLAIMS)
    await verify(token)
    list.add([{ kind: 'token', jti: CLAIMS.jti, expires: CLAIMS.exp }])
    await assert.rejects(verify(token), {
      status: 401,
      reason: { kind: 'revoked_token', client_id: 'client-1' },
    })
  })

  it('is answered from memory, also for a token that was revoked before it was first seen', async () => {
    const list = new RevocationList()
    const { verify, finds } = setUp({ revocations: list })
    list.add([{ kind: 'token', jti: CLAIMS.jti, expires: CLAIMS.exp }])
    const token = await sign(CLAIMS)
    for (let use = 0; use < 3; use++) await assert.rejects(verify(token), { status: 401 })
    assert.equal(finds.length, 1, 'the signature is verified once')
  })

  it('of a key makes the key source load its successor', () => {
    const listeners: (() => void)[] = []
    let loads = 0
    setUp({
      keys: { find: async () => null, reload: () => loads++ },
      revocations: { isRevoked: () => false, onKeyRevoked: (listener) => listeners.push(listener) },
    })
    for (const listener of listeners) listener()
    assert.equal(loads, 1)
  })
})
