/** A misconfigured verifier: the operator sees the cause, and clients see only a 503. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError } from '../protocol/index.ts'
import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import { DiscoveredKeys } from './discovered-keys.ts'
import { RemoteJwks } from './remote-jwks.ts'
import { CLAIMS, keys as issuerKeys, sign } from './verifier.fixture.ts'
import { createVerifier } from './verifier.ts'

const ISSUER = 'https://auth.example'
const FOUND = 'https://auth.other.example'
const AUDIENCE = 'https://api.example'

/** The metadata of a different issuer than configured. */
function setUp(answer: () => Response = () => Response.json({ issuer: FOUND })) {
  const requests: string[] = []
  const faults: Error[] = []
  const fetch: typeof globalThis.fetch = async (input) => {
    requests.push(String(input))
    return answer()
  }
  const options = { issuer: ISSUER, audience: AUDIENCE, fetch }
  return { requests, faults, fetch, options, onError: (error: Error) => faults.push(error) }
}

const MISMATCH = /expected issuer "https:\/\/auth\.example", found "https:\/\/auth\.other\.example"/

describe('a verifier with a wrong issuer', () => {
  it('reports expected and found at its check, before the first request', async () => {
    const { options } = setUp()
    await assert.rejects(createVerifier(options).check(), { message: MISMATCH })
  })

  it('reports it in the message of each error, and not on the wire', async () => {
    const { options } = setUp()
    const verifier = createVerifier(options)
    const error = await verifier.verify(`Bearer ${await sign(CLAIMS)}`).catch((thrown) => thrown)
    assert.ok(error instanceof OAuthError)
    assert.match(error.message, MISMATCH)
    const { status, body } = verifier.challenge(error)
    assert.equal(status, 503)
    assert.doesNotMatch(body, /auth\.other/)
  })

  it('calls onError once per attempt, however many requests fail', async () => {
    const { options, onError, faults, requests } = setUp()
    const verifier = createVerifier({ ...options, onError })
    const token = await sign(CLAIMS)
    for (let request = 0; request < 50; request++) {
      await assert.rejects(verifier.verify(`Bearer ${token}`), { status: 503 })
    }
    assert.equal(requests.length, 1)
    assert.deepEqual(
      faults.map(({ message }) => MISMATCH.test(message)),
      [true],
    )
  })

  it('retries after half a minute, and not every second', async () => {
    const { fetch, requests } = setUp()
    const clock = new VirtualClock()
    const keys = new DiscoveredKeys({ issuer: ISSUER, fetch, clock })
    const find = () => assert.rejects(keys.find({ alg: 'RS256', kid: 'k' }), { status: 503 })
    for (let second = 0; second < 90; second++) {
      await find()
      clock.advance(1000)
    }
    assert.equal(requests.length, 3)
  })

  it('shows no terminal control characters from the server', async () => {
    const { options } = setUp(() =>
      Response.json({ issuer: `x\u001b[2J\u202e${'y'.repeat(9999)}` }),
    )
    const error = await createVerifier(options)
      .check()
      .catch((thrown: Error) => thrown)
    assert.match(error?.message ?? '', /^[\x20-\x7e]{1,600}$/)
  })
})

describe('the check of a verifier', () => {
  it('passes once there are keys', async () => {
    const jwks = { keys: [issuerKeys.ES256.public_jwk] }
    const answers = [{ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }, jwks]
    const { options, requests } = setUp(() => Response.json(answers.shift()))
    await createVerifier(options).check()
    assert.equal(requests.length, 2)
  })

  it('names what is wrong with keys at a known address, too', async () => {
    const { fetch, onError, faults } = setUp(() => new Response('', { status: 404 }))
    const keys = new RemoteJwks({ jwks_uri: `${ISSUER}/jwks`, fetch })
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, keys, onError })
    await assert.rejects(verifier.check(), { message: /JWKS endpoint answered 404/ })
    assert.equal(faults.length, 1)
  })

  it('treats an oversized set of keys as an error', async () => {
    const key = JSON.stringify({ kty: 'RSA', kid: 'k', n: 'AQAB', e: 'AQAB' })
    const body = () => new Response(`{"keys":[${`${key},`.repeat(1_000_000)}${key}]}`)
    const { fetch } = setUp(body)
    const keys = new RemoteJwks({ jwks_uri: `${ISSUER}/jwks`, fetch })
    const verifier = createVerifier({ issuer: ISSUER, audience: AUDIENCE, keys })
    await assert.rejects(verifier.check(), { message: /longer than 262144 bytes/ })
  })
})
