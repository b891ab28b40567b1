import assert from 'node:assert/strict'
import { validateHeaderValue } from 'node:http'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bearerChallenge, parseBearerToken } from './bearer.ts'
import { OAuthError, type Refusal } from './oauth-error.ts'

describe('parseBearerToken', () => {
  const accepted: readonly (readonly [header: string, token: string])[] = [
    ['Bearer a.b.c', 'a.b.c'],
    ['bearer a.b.c', 'a.b.c'],
    ['BEARER    a.b.c', 'a.b.c'],
    ['Bearer mF_9.B5f-4.1JqM~+/==', 'mF_9.B5f-4.1JqM~+/=='],
  ]
  for (const [header, token] of accepted) {
    it(`finds ${token} in "${header}"`, () => assert.equal(parseBearerToken(header), token))
  }

  for (const header of [undefined, '', 'Basic YTpz', 'Bearertoken', 'XBearer a', ' Bearer a']) {
    it(`finds no token offered in ${JSON.stringify(header)}`, () => {
      assert.throws(() => parseBearerToken(header), {
        error: 'invalid_token',
        status: 401,
        reason: { kind: 'no_token' },
      })
    })
  }

  const malformed = [
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer "a"',
    'Bearer a=b',
  ]
  for (const header of [...malformed, 'Bearer =', 'Bearer \ta', 'Bearer a\n', 'Bearer é']) {
    it(`refuses ${JSON.stringify(header)} as malformed`, () => {
      assert.throws(() => parseBearerToken(header), {
        error: 'invalid_token',
        status: 401,
        reason: { kind: 'malformed_token', detail: 'header' },
      })
    })
  }
})

function refusal(reason: Refusal, error_description = 'The access token is not valid here') {
  return new OAuthError('invalid_token', error_description, 401, reason)
}

const METADATA = 'https://api.example/.well-known/oauth-protected-resource'

describe('bearerChallenge', () => {
  it('has no error code when no token was sent (RFC 6750 §3.1)', () => {
    const error = refusal({ kind: 'no_token' })
    assert.equal(bearerChallenge(error, { realm: 'Meters' }), 'Bearer realm="Meters"')
    assert.equal(
      bearerChallenge(error, { resource_metadata: METADATA }),
      `Bearer resource_metadata="${METADATA}"`,
    )
  })

  it('has at least one parameter, whatever is known (RFC 6750 §3)', () => {
    assert.match(bearerChallenge(refusal({ kind: 'no_token' })), /^Bearer realm="[^"]+"$/)
  })

  it('begins with the realm', () => {
    const options = { realm: 'Meters', resource_metadata: METADATA }
    assert.equal(
      bearerChallenge(refusal({ kind: 'no_token' }), options),
      `Bearer realm="Meters", resource_metadata="${METADATA}"`,
    )
  })

  it('has invalid_token, and the metadata’s address, for a refused token', () => {
    assert.equal(
      bearerChallenge(refusal({ kind: 'bad_signature' }), { resource_metadata: METADATA }),
      'Bearer error="invalid_token", error_description="The access token is not valid here", ' +
        `resource_metadata="${METADATA}"`,
    )
  })

  it('names the required scope when the scope was insufficient', () => {
    const scope = 'asset:track:write'
    const reason = { kind: 'insufficient_scope', client_id: 'a', scope } as const
    const error = new OAuthError(
      'insufficient_scope',
      `The scope ${scope} is required`,
      403,
      reason,
    )
    assert.equal(
      bearerChallenge(error),
      'Bearer error="insufficient_scope", ' +
        'error_description="The scope asset:track:write is required", scope="asset:track:write"',
    )
  })

  it('hides the reason', () => {
    const challenge = bearerChallenge(refusal({ kind: 'malformed_token', detail: 'typ is odd' }))
    assert.ok(!challenge.includes('odd') && !challenge.includes('malformed_token'))
  })

  it('remains one challenge with the intended parameters, whatever text it is given', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.constantFrom(
        '", error="none',
        'a\\',
        'x"\r\nSet-Cookie: a=b',
        '\0',
        'é',
        '", Basic realm="',
      ),
    )
    fc.assert(
      fc.property(text, text, text, (description, scope, resource_metadata) => {
        const reason = { kind: 'insufficient_scope', client_id: 'a', scope } as const
        const challenge = bearerChallenge(refusal(reason, description), { resource_metadata })
        validateHeaderValue('www-authenticate', challenge)
        // RFC 6750 §3: values hold no quote, no backslash, nothing but printable ASCII.
        const value = '"[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"'
        const names = ['error', 'error_description', 'scope', 'resource_metadata']
        const expected = names.map((name) => `${name}=${value}`).join(', ')
        assert.match(challenge, new RegExp(`^Bearer ${expected}$`))
      }),
    )
  })
})
