import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError } from '../protocol/index.ts'
import { CLAIMS, NOW, setUp, sign } from './verifier.fixture.ts'

const resource_metadata = 'https://api.example/.well-known/oauth-protected-resource'

/** The answer to a request with this header. */
async function answerTo(authorization: string | undefined, scope?: string) {
  const { verifier } = setUp({ resource_metadata })
  const wanted = scope === undefined ? {} : { scope }
  const error = await verifier.verify(authorization, wanted).catch((thrown) => thrown)
  return verifier.challenge(error)
}

describe('challenge', () => {
  it('points a client without a token to the metadata, and says nothing more', async () => {
    assert.deepEqual(await answerTo(undefined), {
      status: 401,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'www-authenticate': `Bearer resource_metadata="${resource_metadata}"`,
      },
      body: '{}',
    })
  })

  it('tells an invalid token from an expired one', async () => {
    const { status, headers, body } = await answerTo(
      `Bearer ${await sign({ ...CLAIMS, exp: NOW })}`,
    )
    assert.equal(status, 401)
    assert.match(headers['www-authenticate'] ?? '', /^Bearer error="invalid_token", .*has expired/)
    assert.match(body, /has expired/)
  })

  it('names the scope that is missing', async () => {
    const { status, headers } = await answerTo(`Bearer ${await sign(CLAIMS)}`, 'admin')
    assert.equal(status, 403)
    assert.match(headers['www-authenticate'] ?? '', /error="insufficient_scope".* scope="admin"/)
  })

  it('asks for a retry when the answer is unknown', () => {
    const reason = { kind: 'unavailable', detail: 'jwks' } as const
    const error = new OAuthError('temporarily_unavailable', 'Not now', 503, reason)
    const { status, headers } = setUp().verifier.challenge(error)
    assert.equal(status, 503)
    assert.equal(headers['retry-after'], '5')
    assert.equal(headers['www-authenticate'], undefined)
  })

  it('does not mention the token when the address is refused', () => {
    const reason = { kind: 'address_not_allowed', client_id: 'c', address: '::1' } as const
    const error = new OAuthError('access_denied', 'Not from here', 403, reason)
    const { status, headers } = setUp().verifier.challenge(error)
    assert.equal(status, 403)
    assert.equal(headers['www-authenticate'], undefined)
  })

  it('rethrows an error that is not a refusal', () => {
    const bug = new TypeError('undefined is not a function')
    assert.throws(() => setUp().verifier.challenge(bug), bug)
  })
})
