import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { AccessTokenClaims } from '../protocol/index.ts'
import { type VerifiedToken, VerifiedTokens } from './verified-tokens.ts'

function claimsUntil(exp: number): VerifiedToken {
  const claims: AccessTokenClaims = {
    iss: 'https://auth.example',
    sub: 'a',
    aud: 'https://api.example',
    exp,
    iat: 0,
    jti: 'j',
    client_id: 'a',
    azp: 'a',
    scope: '',
    org_id: 'o',
    environment: 'development',
  }
  return { claims, kid: 'k', scopes: new Set() }
}

describe('VerifiedTokens', () => {
  it('returns the claims until exp, and not at exp', () => {
    const tokens = new VerifiedTokens(10)
    const claims = claimsUntil(100)
    tokens.set('t', claims, 0)
    assert.equal(tokens.get('t', 99.999), claims)
    assert.equal(tokens.get('t', 100), undefined)
  })

  it('forgets an expired token, so that a clock set back does not revive it', () => {
    const tokens = new VerifiedTokens(10)
    tokens.set('t', claimsUntil(100), 0)
    tokens.get('t', 100)
    assert.equal(tokens.size, 0)
    assert.equal(tokens.get('t', 50), undefined)
  })

  it('keeps a token for five minutes, then it is verified again', () => {
    const tokens = new VerifiedTokens(10)
    tokens.set('t', claimsUntil(100_000), 1000)
    assert.notEqual(tokens.get('t', 1299.999), undefined)
    assert.equal(tokens.get('t', 1300), undefined)
    assert.equal(tokens.size, 0)
  })

  it('keeps a token no longer when the clock is set back', () => {
    const tokens = new VerifiedTokens(10)
    tokens.set('t', claimsUntil(100_000), 1000)
    assert.equal(tokens.get('t', 999), undefined)
    assert.equal(tokens.get('t', 1000), undefined)
  })

  it('recognizes a token by its whole text only', () => {
    const tokens = new VerifiedTokens(10)
    tokens.set('a.b.c', claimsUntil(100), 0)
    for (const other of ['a.b.C', 'a.b.', 'a.b.cc', 'a.b', '', '__proto__', 'constructor']) {
      assert.equal(tokens.get(other, 0), undefined)
    }
  })

  it('drops the oldest entry when it is full', () => {
    const tokens = new VerifiedTokens(2)
    for (const token of ['first', 'second', 'second', 'third']) {
      tokens.set(token, claimsUntil(100), 0)
    }
    assert.equal(tokens.get('first', 0), undefined)
    assert.notEqual(tokens.get('second', 0), undefined)
    assert.notEqual(tokens.get('third', 0), undefined)
  })

  it('never exceeds its limit, and keeps nothing with a limit of zero', () => {
    const sequence = fc.array(fc.nat(20), { maxLength: 60 })
    fc.assert(
      fc.property(fc.nat(5), sequence, (max, numbers) => {
        const tokens = new VerifiedTokens(max)
        for (const number of numbers) {
          tokens.set(`t${number}`, claimsUntil(100), 0)
          assert.ok(tokens.size <= max, `${tokens.size} > ${max}`)
        }
      }),
    )
  })
})
