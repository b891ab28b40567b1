import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError, type OAuthErrorCode, type Refusal } from '@modulariot/oauth/protocol'
import { MethodNotAllowed } from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { StoreConflict, StoreUnavailable } from '@modulariot/platform/storage'
import Fastify from 'fastify'
import { answerFor, handleError } from './error-handler.ts'

const client_id = 'client_1'
const audience = 'https://api.example'

/** Each reason, with the status and code on each face. */
const REFUSALS: readonly [Refusal, OAuthErrorCode, number, standard: string, documented: string][] =
  [
    [
      { kind: 'malformed_request' },
      'invalid_request',
      400,
      '400 invalid_request',
      '400 invalid_request',
    ],
    [
      { kind: 'missing_parameter', parameters: ['audience'] },
      'invalid_request',
      400,
      '400 invalid_request',
      '400 invalid_request',
    ],
    [
      { kind: 'unsupported_grant_type' },
      'unsupported_grant_type',
      400,
      '400 unsupported_grant_type',
      '400 unsupported_grant_type',
    ],
    [
      { kind: 'no_client_authentication' },
      'invalid_client',
      401,
      '401 invalid_client',
      '400 invalid_request',
    ],
    [
      { kind: 'malformed_client_authentication' },
      'invalid_client',
      401,
      '401 invalid_client',
      '401 access_denied',
    ],
    [
      { kind: 'malformed_secret', client_id },
      'invalid_client',
      401,
      '401 invalid_client',
      '401 access_denied',
    ],
    [
      { kind: 'unknown_client', client_id },
      'invalid_client',
      401,
      '401 invalid_client',
      '401 access_denied',
    ],
    [
      { kind: 'wrong_secret', client_id },
      'invalid_client',
      401,
      '401 invalid_client',
      '401 access_denied',
    ],
    [
      { kind: 'client_disabled', client_id },
      'invalid_client',
      401,
      '401 invalid_client',
      '401 access_denied',
    ],
    [
      { kind: 'audience_not_granted', client_id, audience },
      'invalid_target',
      400,
      '400 invalid_target',
      '403 access_denied',
    ],
    [
      { kind: 'scope_not_granted', client_id, audience },
      'invalid_scope',
      400,
      '400 invalid_scope',
      '403 access_denied',
    ],
    [
      { kind: 'unavailable', detail: 'x' },
      'temporarily_unavailable',
      503,
      '503 temporarily_unavailable',
      '503 temporarily_unavailable',
    ],
  ]

const withStatus = (statusCode: unknown): Error => Object.assign(new Error('x'), { statusCode })

/** Errors other than our OAuthError: the same on both faces. */
const OTHERS: readonly [unknown, status: number, error: string, description: RegExp][] = [
  [new JsonBodyError('Not JSON'), 400, 'invalid_request', /^Not JSON$/],
  [new MethodNotAllowed('POST'), 405, 'invalid_request', /^Use POST$/],
  [
    new StoreUnavailable('/data/auth.db: disk I/O error'),
    503,
    'temporarily_unavailable',
    /^Temporarily unavailable/,
  ],
  [withStatus(413), 413, 'invalid_request', /16 KiB/],
  [withStatus(415), 415, 'invalid_request', /x-www-form-urlencoded or application\/json/],
  [withStatus(400), 400, 'invalid_request', /^The request is malformed$/],
  [withStatus(502), 500, 'server_error', /^Unexpected server error/],
  [withStatus('400'), 500, 'server_error', /^Unexpected server error/],
  [new StoreConflict('UNIQUE failed: secrets'), 500, 'server_error', /^Unexpected server error/],
  [new TypeError('x is undefined'), 500, 'server_error', /^Unexpected server error/],
  ['a string', 500, 'server_error', /^Unexpected server error/],
  [undefined, 500, 'server_error', /^Unexpected server error/],
]

describe('answerFor', () => {
  for (const [reason, error, status, standard, documented] of REFUSALS) {
    it(`says ${standard} for ${reason.kind}, and on the documented face ${documented}`, () => {
      const refusal = new OAuthError(error, 'Why', status, reason)
      const said = (face: 'standard' | 'documented'): string => {
        const answer = answerFor(refusal, face)
        return `${answer.status} ${answer.error}`
      }
      assert.equal(said('standard'), standard)
      assert.equal(said('documented'), documented)
    })
  }

  it('sends the same text for every client that could not prove itself', () => {
    const kinds = ['malformed_secret', 'unknown_client', 'wrong_secret', 'client_disabled'] as const
    for (const face of ['standard', 'documented'] as const) {
      const answers = kinds.map((kind) => {
        const reason = { kind, client_id }
        return answerFor(new OAuthError('invalid_client', 'Failed', 401, reason), face)
      })
      for (const answer of answers) assert.deepEqual(answer, answers[0])
    }
  })

  it('sends Unauthorized on the documented face, as documented', () => {
    const error = new OAuthError('invalid_client', 'Failed', 401, {
      kind: 'wrong_secret',
      client_id,
    })
    const answer = { status: 401, error: 'access_denied', error_description: 'Unauthorized' }
    assert.deepEqual(answerFor(error, 'documented'), answer)
  })

  it('keeps the description where the documented face changes only the code', () => {
    const description = 'Client is not authorized to access the audience'
    const reason = { kind: 'audience_not_granted', client_id, audience } as const
    const error = new OAuthError('invalid_target', description, 400, reason)
    assert.equal(answerFor(error, 'documented').error_description, description)
  })

  it('sends the same on both faces for errors outside the protocol, without internals', () => {
    for (const [thrown, status, error, description] of OTHERS) {
      for (const face of ['standard', 'documented'] as const) {
        const answer = answerFor(thrown, face)
        assert.equal(answer.status, status, String(thrown))
        assert.equal(answer.error, error, String(thrown))
        assert.match(answer.error_description, description)
      }
    }
  })
})

describe('handleError', () => {
  /** The response to a request whose handler throws. */
  async function answerTo(
    thrown: unknown,
    headers: Record<string, string> = {},
    lines: string[] = [],
  ) {
    const stream = { write: (line: string) => void lines.push(line) }
    const app = Fastify({ logger: { stream }, disableRequestLogging: true })
    app.setErrorHandler(handleError)
    app.get('/fails', async () => {
      throw thrown
    })
    return app.inject({ method: 'GET', url: '/fails', headers })
  }

  const wrongSecret = new OAuthError('invalid_client', 'Failed', 401, {
    kind: 'wrong_secret',
    client_id,
  })

  it('sends only error and error_description, with no-store', async () => {
    const response = await answerTo(wrongSecret)
    assert.equal(response.statusCode, 401)
    const body = { error: 'invalid_client', error_description: 'Failed' }
    assert.deepEqual(response.json(), body)
    assert.match(String(response.headers['content-type']), /^application\/json/)
    assert.equal(response.headers['cache-control'], 'no-store')
  })

  it('challenges with Basic at each 401, however the client tried (RFC 9110 §15.5.2)', async () => {
    const challenge = 'www-authenticate'
    for (const headers of [{}, { authorization: 'Basic eDp5' }] as Record<string, string>[]) {
      const refused = await answerTo(wrongSecret, headers)
      assert.match(String(refused.headers[challenge]), /^Basic realm="/)
      const malformed = await answerTo(new JsonBodyError('x'), headers)
      assert.equal(malformed.headers[challenge], undefined)
    }
  })

  it('sends Retry-After if it cannot answer now', async () => {
    const { statusCode, headers } = await answerTo(new StoreUnavailable('x'))
    assert.equal(statusCode, 503)
    assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
  })

  it('logs a jwks_uri that cannot be fetched as a warning of one line, without a stack', async () => {
    const reason = { kind: 'unavailable', detail: 'jwks_uri' } as const
    const error = new OAuthError('temporarily_unavailable', 'Not now', 503, reason)
    for (const [thrown, level, hasStack] of [
      [error, 40, false],
      [new StoreUnavailable('x'), 50, true],
    ] as const) {
      const lines: string[] = []
      assert.equal((await answerTo(thrown, {}, lines)).statusCode, 503)
      assert.deepEqual(
        lines.map((line) => [JSON.parse(line).level, line.includes('"stack"')]),
        [[level, hasStack]],
      )
    }
  })

  it('names the allowed methods', async () => {
    assert.equal((await answerTo(new MethodNotAllowed('GET, HEAD'))).headers.allow, 'GET, HEAD')
  })
})
