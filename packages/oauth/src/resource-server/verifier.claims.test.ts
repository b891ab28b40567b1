import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CryptoKey } from 'jose'
import { AUDIENCE, CLAIMS, ISSUER, keys, NOW, setUp, sign } from './verifier.fixture.ts'

const { client_id } = CLAIMS
const UNNAMED = new Set(['iss', 'client_id'])

function assertRefused(answer: Promise<unknown>, claim: string): Promise<void> {
  return assert.rejects(answer, {
    error: 'invalid_token',
    // Details would help a forger; only that the token has expired is useful to an honest client.
    error_description:
      claim === 'exp' ? 'The access token has expired' : 'The access token is not valid here',
    status: 401,
    // A token with our signature and issuer names its client even then.
    reason: { kind: 'claim_rejected', claim, ...(!UNNAMED.has(claim) && { client_id }) },
  })
}

async function verifyClaims(changes: object) {
  return setUp().verify(await sign({ ...CLAIMS, ...changes }))
}

describe('the claims of a token', () => {
  for (const claim of [
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'jti',
    'client_id',
    'org_id',
    'environment',
  ]) {
    it(`need ${claim}`, async () => assertRefused(verifyClaims({ [claim]: undefined }), claim))
  }

  const texts = [null, '', 7, true, ['client-1'], { toString: 'client-1' }]
  const times = [null, String(NOW + 60), '', true, [NOW + 60], { seconds: NOW + 60 }]
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    iss: [...texts, `${ISSUER}/`, 'https://AUTH.example', 'http://auth.example', [ISSUER]],
    aud: [
      ...[...texts, `${AUDIENCE}/`, 'https://api.example', AUDIENCE.toUpperCase()],
      ...[[], ['https://other.example'], [[AUDIENCE]], { [AUDIENCE]: true }, { 0: AUDIENCE }],
    ],
    sub: texts,
    jti: texts,
    client_id: texts,
    org_id: texts,
    environment: [...texts, 'staging', 'Production', '__proto__', ['production']],
    exp: [...times, NOW, NOW - 1, 0, -1],
    iat: [...times, NOW + 61, NOW * 1000],
    nbf: [...times, NOW + 61, NOW * 1000],
  }
  for (const [claim, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`may not hold the ${claim} ${JSON.stringify(value)}`, async () => {
        await assertRefused(verifyClaims({ [claim]: value }), claim)
      })
    }
  }

  const right: readonly (readonly [claim: string, value: unknown])[] = [
    ['exp', NOW + 0.5],
    ['iat', NOW + 60],
    ['iat', 0],
    ['nbf', NOW + 60],
    ['nbf', 0],
    ['nbf', undefined],
    ['environment', 'production'],
    ['aud', [AUDIENCE]],
    ['aud', ['https://other.example', AUDIENCE]],
  ]
  for (const [claim, value] of right) {
    it(`may hold the ${claim} ${JSON.stringify(value)}`, async () => {
      assert.equal((await verifyClaims({ [claim]: value })).sub, CLAIMS.sub)
    })
  }

  it('may not hold a time beyond every number', async () => {
    const payload = JSON.stringify(CLAIMS).replace(/"exp":\d+/, '"exp":1e999')
    await assertRefused(setUp().verify(await sign(payload)), 'exp')
  })

  it('are valid until exp and not from exp on', async () => {
    const token = await sign(CLAIMS)
    for (const [seconds, alive] of [
      [CLAIMS.exp - 0.001, true],
      [CLAIMS.exp, false],
      [CLAIMS.exp + 1, false],
    ] as const) {
      const { verify, clock } = setUp()
      clock.seconds = seconds
      if (alive) await verify(token)
      else await assertRefused(verify(token), 'exp')
    }
  })

  it('are checked at the time when the key was found, not requested', async () => {
    const token = await sign({ ...CLAIMS, exp: NOW + 1 })
    const slow = Promise.withResolvers<CryptoKey>()
    const { clock, verify } = setUp({ keys: { find: () => slow.promise } })
    const answer = verify(token)
    clock.seconds = NOW + 1
    slow.resolve(keys.ES256.publicKey)
    await assertRefused(answer, 'exp')
  })

  it('name the client as azp, whatever the token says there', async () => {
    assert.equal((await verifyClaims({ azp: 'client-2' })).azp, 'client-1')
  })
})

describe('a signed payload that is not a set of claims', () => {
  const whole = JSON.stringify(CLAIMS)
  const payloads = ['[]', 'null', '7', '"x"', 'exp', `\ufeff${whole}`, `[${whole}]`]
  for (const payload of [
    ...payloads,
    `{"exp":1,${whole.slice(1)}`,
    `{"\\u0065xp":1,${whole.slice(1)}`,
  ]) {
    it(`is refused: ${payload.slice(0, 24)}`, async () => {
      await assert.rejects(setUp().verify(await sign(payload)), {
        error: 'invalid_token',
        status: 401,
        reason: { kind: 'malformed_token', detail: 'payload' },
      })
    })
  }
})

describe('the type of a token', () => {
  it('is at+jwt, unless the verifier is told otherwise', async () => {
    const plain = await sign(CLAIMS, 'ES256', { typ: 'JWT' })
    const rfc9068 = await sign(CLAIMS)
    await assert.rejects(setUp().verify(plain), {
      reason: { kind: 'malformed_token', detail: 'typ is not at+jwt' },
    })
    const onlyPlain = setUp({ tokenTypes: ['JWT'] })
    assert.equal((await onlyPlain.verify(plain)).jti, CLAIMS.jti)
    await assert.rejects(onlyPlain.verify(rfc9068), { status: 401 })
    const both = setUp({ tokenTypes: ['at+jwt', 'JWT'] })
    for (const token of [plain, rfc9068]) assert.equal((await both.verify(token)).jti, CLAIMS.jti)
    for (const typ of ['logout+jwt', 'at+JWTx', '']) {
      await assert.rejects(both.verify(await sign(CLAIMS, 'ES256', { typ })), { status: 401 })
    }
  })
})
