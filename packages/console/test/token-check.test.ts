/** The Token lab decides as the API does: each token is given to both. */

import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { createVerifier } from '@modulariot/oauth/resource-server'
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { type CheckName, checkToken, type Expected } from '../src/pages/token-lab/check.ts'
import { tokenIn } from '../src/pages/token-lab/decode.ts'
import { isInRanges, parseAddress } from '../src/pages/token-lab/ranges.ts'
import { aheadOf } from '../src/pages/token-lab/server.ts'

const NOW = 1_800_000_000
const CLAIMS = {
  iss: 'https://auth.example',
  sub: 'client_1',
  aud: 'https://api.example/v1',
  exp: NOW + 3600,
  iat: NOW - 10,
  jti: 'token_1',
  client_id: 'client_1',
  scope: 'asset:track:read asset:track:write',
  org_id: 'org_1',
  environment: 'development',
}
const SCOPE = 'asset:track:write'

type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'
const privateKeys = {} as Record<Algorithm, CryptoKey>
const published: JWK[] = []

before(async () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    const { privateKey, publicKey } = await generateKeyPair(alg)
    privateKeys[alg] = privateKey
    published.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' })
  }
})

const expected = (): Expected => ({
  issuer: CLAIMS.iss,
  audience: CLAIMS.aud,
  typ: 'at+jwt',
  scope: SCOPE,
  environment: 'development',
  keys: published,
  now: NOW * 1000,
  address: null,
})

async function token(
  claims: object | string = CLAIMS,
  header: object = {},
  alg: Algorithm = 'ES256',
): Promise<string> {
  const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
  return new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader({ alg, kid: alg, typ: 'at+jwt', ...header })
    .sign(privateKeys[alg])
}

/** Whether the API accepts it. */
async function accepts(text: string): Promise<boolean> {
  const verifier = createVerifier({
    issuer: CLAIMS.iss,
    audience: CLAIMS.aud,
    now: () => NOW * 1000,
    keys: {
      async find({ alg, kid }) {
        const found = published.find((key) => key.kid === kid && key.alg === alg)
        return found === undefined ? null : ((await importJWK(found, alg)) as CryptoKey)
      },
    },
  })
  try {
    await verifier.verify(`Bearer ${text}`, { scope: SCOPE })
    return true
  } catch (error) {
    if (error instanceof OAuthError) return false
    throw error
  }
}

async function failures(text: string, changes: Partial<Expected> = {}): Promise<CheckName[]> {
  const { checks } = await checkToken(text, { ...expected(), ...changes })
  return checks.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name)
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const changed = (text: string, claims: object): string =>
  text.replace(/\.[^.]+\./, `.${base64url(JSON.stringify(claims))}.`)

describe('the Token lab', () => {
  it('accepts what the API accepts, with every algorithm', async () => {
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
      const good = await token(CLAIMS, {}, alg)
      assert.equal(await accepts(good), true, alg)
      const { accepted, checks } = await checkToken(good, expected())
      assert.equal(accepted, true, alg)
      assert.deepEqual(
        checks.filter(({ outcome }) => outcome !== 'passed').map(({ name }) => name),
        ['revocation'],
      )
    }
  })

  it('refuses what the API refuses, and names each check that failed', async () => {
    const good = await token()
    const [head, payload, signature] = good.split('.') as [string, string, string]
    const other = await generateKeyPair('ES256')
    const forged = await new CompactSign(new TextEncoder().encode(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: 'ES256', kid: 'ES256', typ: 'at+jwt' })
      .sign(other.privateKey)
    const none = `${base64url('{"alg":"none","kid":"ES256","typ":"at+jwt"}')}.${payload}.`
    const twice = JSON.stringify(CLAIMS).replace('{', '{"scope":"x",')
    const cases: readonly (readonly [string, readonly CheckName[]])[] = [
      [changed(good, { ...CLAIMS, scope: `${CLAIMS.scope} admin` }), ['signature']],
      [forged, ['signature']],
      [`${head}.${payload}.${'A'.repeat(signature.length)}`, ['signature']],
      [`${head}.${payload}`, ['form', 'signature']],
      [none, ['form', 'algorithm', 'key', 'signature']],
      [good.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), []],
      [await token(twice), ['form', 'signature', 'issuer', 'audience', 'expiry', 'issued']],
      [await token(CLAIMS, { kid: 'gone' }), ['key', 'signature']],
      [await token(CLAIMS, { kid: 'RS256' }), ['key', 'signature']],
      [await token(CLAIMS, { typ: 'JWT' }), ['typ']],
      [await token(CLAIMS, { jwk: published[2] }), ['form', 'signature']],
      [await token({ ...CLAIMS, iss: 'https://other.example' }), ['issuer']],
      [await token({ ...CLAIMS, aud: 'https://api.example/v1/' }), ['audience']],
      [await token({ ...CLAIMS, exp: NOW }), ['expiry']],
      [await token({ ...CLAIMS, exp: 'later' }), ['expiry']],
      [await token({ ...CLAIMS, iat: NOW + 61 }), ['issued']],
      [await token({ ...CLAIMS, nbf: NOW + 61 }), ['issued']],
      [await token({ ...CLAIMS, environment: 'staging' }), ['environment']],
      [await token({ ...CLAIMS, client_id: '' }), ['identity']],
      [await token({ ...CLAIMS, scope: 'asset:track:read' }), ['scope']],
      [await token({ ...CLAIMS, allowed_addresses: 'all' }), ['address']],
      ['miot_dev_0123456789', ['form', 'algorithm', 'typ', 'key', 'signature']],
    ]
    for (const [text, names] of cases) {
      assert.equal(await accepts(text), false, text)
      const found = await failures(text)
      assert.ok(found.length > 0, `accepted: ${text}`)
      for (const name of names) assert.ok(found.includes(name), `${name} of ${text}: ${found}`)
      if (names.length === 1) assert.deepEqual(found, names)
    }
  })

  it('accepts other spellings and limits as the API does', async () => {
    const cases = [
      await token(CLAIMS, { typ: 'application/AT+JWT' }),
      await token({ ...CLAIMS, aud: ['https://x.example', CLAIMS.aud] }),
      await token({ ...CLAIMS, iat: NOW + 60, nbf: NOW + 60 }),
    ]
    for (const text of cases) {
      assert.equal(await accepts(text), true)
      assert.deepEqual(await failures(text), [])
    }
  })

  it('compares the address, and leaves open what it cannot know', async () => {
    const held = await token({ ...CLAIMS, allowed_addresses: ['10.2.0.0/16', '2001:db8::/32'] })
    const verdict = async (address: string | null) =>
      (await checkToken(held, { ...expected(), address })).accepted
    assert.equal(await verdict('10.2.255.1'), true)
    assert.equal(await verdict('2001:db8:1::7'), true)
    assert.equal(await verdict('10.3.0.1'), false)
    assert.equal(await verdict(null), null)
    const watched = await token({ ...CLAIMS, observed_addresses: ['10.2.0.0/16'] })
    const report = await checkToken(watched, { ...expected(), address: '10.3.0.1' })
    assert.equal(report.accepted, true)
    assert.equal(report.checks.find(({ name }) => name === 'address')?.outcome, 'noted')
  })

  it('notes that the data goes to the other environment', async () => {
    const { accepted, checks } = await checkToken(
      await token({ ...CLAIMS, environment: 'production' }),
      expected(),
    )
    assert.equal(accepted, true)
    assert.equal(checks.find(({ name }) => name === 'environment')?.outcome, 'noted')
  })

  it('finds the token in what is pasted', () => {
    assert.equal(tokenIn('  a.b.c\n'), 'a.b.c')
    assert.equal(tokenIn('Authorization: Bearer a.b.c'), 'a.b.c')
    assert.equal(tokenIn('{"status":"success", "access_token": "a.b.c"}'), 'a.b.c')
  })

  it('knows ranges of both families', () => {
    assert.equal(isInRanges('192.0.2.7', ['192.0.2.7']), true)
    assert.equal(isInRanges('::ffff:192.0.2.7', ['192.0.2.0/24']), true)
    assert.equal(isInRanges('192.0.2.7', ['0.0.0.0/0']), true)
    assert.equal(isInRanges('192.0.2.7', ['::/0', '192.0.3.0/24']), false)
    assert.equal(isInRanges('::1', ['::/127']), true)
    for (const bad of ['', '1.2.3', '1.2.3.256', '1::2::3', '12345::', '1:2:3', 'x']) {
      assert.equal(parseAddress(bad), null, bad)
    }
  })

  it('reads how far the clock of the server is ahead', () => {
    const date = new Date(NOW * 1000).toUTCString()
    assert.equal(aheadOf(date, NOW * 1000 + 900), 0)
    assert.equal(aheadOf(date, (NOW - 300) * 1000), 300)
    assert.equal(aheadOf(null, NOW * 1000), 0)
  })
})
