import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLIENT_ASSERTION_TYPE } from './client-assertion.ts'
import { type ClientCredentials, parseClientCredentials } from './client-authentication.ts'
import { OAuthError, type Refusal } from './oauth-error.ts'
import { parametersFromForm, queryHoldsParameters } from './parameters.ts'
import { parseTokenRequest } from './token-request.ts'

const segment = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

function assertion(header: unknown = { alg: 'ES256' }, claims: unknown = { sub: 'client_a' }) {
  return `${segment(header)}.${segment(claims)}.${segment('signature')}`
}

function parse(
  parameters: Record<string, string>,
  authorization?: string,
): ClientCredentials | { missing: string[] } {
  const form = new URLSearchParams({ client_assertion_type: CLIENT_ASSERTION_TYPE, ...parameters })
  return parseClientCredentials(parametersFromForm(form.toString()), authorization)
}

function refusalOf(work: () => unknown): { error: string; description: string; reason: Refusal } {
  try {
    work()
  } catch (error) {
    if (error instanceof OAuthError) {
      return { error: error.error, description: error.error_description, reason: error.reason }
    }
    throw error
  }
  throw new Error('was not refused')
}

const details = {
  'a token without an algorithm': [assertion({ alg: 'none' }), 'algorithm not allowed'],
  'a token authenticated with a shared secret': [
    assertion({ alg: 'HS256' }),
    'algorithm not allowed',
  ],
  'an algorithm written in another case': [assertion({ alg: 'es256' }), 'algorithm not allowed'],
  'a header with its own key': [
    assertion({ alg: 'ES256', jwk: { kty: 'EC' } }),
    'header member not allowed',
  ],
  'a header that locates a key': [
    assertion({ alg: 'ES256', jku: 'https://evil.example' }),
    'header member not allowed',
  ],
  'a critical extension': [assertion({ alg: 'ES256', crit: ['exp'] }), 'header member not allowed'],
  'a member named twice in the header': [
    assertion('{"alg":"none","alg":"ES256"}'),
    'header is not a JSON object without repeated members',
  ],
  'a member named twice in the payload': [
    assertion({ alg: 'ES256' }, '{"sub":"client_b","sub":"client_a"}'),
    'payload is not a JSON object without repeated members',
  ],
  'an access token': [assertion({ alg: 'ES256', typ: 'at+jwt' }), 'typ is not JWT'],
  'a subject that is not a string': [
    assertion({ alg: 'ES256' }, { sub: 1 }),
    'sub is not a short string',
  ],
  'a missing subject': [assertion({ alg: 'ES256' }, {}), 'sub is not a short string'],
  'two segments': [assertion().split('.').slice(0, 2).join('.'), 'not three segments'],
  'an empty signature': [
    `${assertion().split('.').slice(0, 2).join('.')}.`,
    'not canonical base64url',
  ],
  'another spelling of the same bytes': [`${assertion()}=`, 'not canonical base64url'],
} as const

describe('client_assertion', () => {
  for (const [what, [client_assertion, detail]] of Object.entries(details)) {
    it(`refuses ${what} before any key is looked up, with the same answer as for a wrong one`, () => {
      const refusal = refusalOf(() => parse({ client_assertion }))
      assert.deepEqual(refusal, {
        error: 'invalid_client',
        description: 'Client authentication failed',
        reason: { kind: 'malformed_assertion', detail },
      })
    })
  }

  for (const typ of ['JWT', 'jwt', 'application/jwt', 'client-authentication+jwt']) {
    it(`takes typ ${typ}`, () => {
      assert.ok('method' in parse({ client_assertion: assertion({ alg: 'ES256', typ }) }))
    })
  }

  it('names the client by its subject, whether or not client_id is sent', () => {
    for (const extra of [{}, { client_id: 'client_a' }]) {
      const credentials = parse({ client_assertion: assertion(), ...extra })
      assert.ok('method' in credentials)
      assert.equal(credentials.method, 'private_key_jwt')
      assert.equal(credentials.client_id, 'client_a')
    }
  })

  it('refuses a client_id that is not the subject', () => {
    const refusal = refusalOf(() => parse({ client_assertion: assertion(), client_id: 'client_b' }))
    assert.equal(refusal.error, 'invalid_request')
    assert.match(refusal.description, /client_id differs/)
  })

  it('refuses another client_assertion_type, naming the supported one', () => {
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    const refusal = refusalOf(() => parse({ client_assertion: assertion(), client_assertion_type }))
    assert.equal(refusal.error, 'invalid_request')
    assert.ok(refusal.description.includes(CLIENT_ASSERTION_TYPE))
  })

  it('names the missing half', () => {
    assert.deepEqual(parse({}), { missing: ['client_assertion'] })
    assert.deepEqual(parse({ client_assertion: assertion(), client_assertion_type: '' }), {
      missing: ['client_assertion_type'],
    })
  })

  it('refuses a second method beside it', () => {
    const client_assertion = assertion()
    const basic = `Basic ${btoa('client_a:secret')}`
    for (const attempt of [
      () => parse({ client_assertion, client_secret: 'secret' }),
      () => parse({ client_assertion }, basic),
      () => parse({}, basic),
      () => parse({ client_id: 'client_a', client_secret: 'secret' }),
    ]) {
      assert.match(refusalOf(attempt).description, /^Use one client authentication method/)
    }
  })

  it('may be longer than any other value, up to 8 KiB', () => {
    const request = (length: number) => () =>
      parseTokenRequest(
        new Map([
          ['grant_type', 'client_credentials'],
          ['audience', 'https://api.example'],
          ['client_assertion_type', CLIENT_ASSERTION_TYPE],
          ['client_assertion', assertion({ alg: 'RS256' }, { sub: 'a', pad: 'x'.repeat(length) })],
        ]),
        undefined,
      )
    assert.equal(request(5900)().credentials.method, 'private_key_jwt')
    assert.equal(refusalOf(request(6100)).error, 'invalid_request')
  })

  it('does not belong in the query', () => {
    assert.ok(queryHoldsParameters('client_assertion=x'))
    assert.ok(queryHoldsParameters('client_assertion_type=x'))
  })
})
