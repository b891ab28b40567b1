import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { MethodNotAllowed } from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { StoreConflict, StoreUnavailable } from '@modulariot/platform/storage'
import Fastify from 'fastify'
import { pino } from 'pino'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import { createErrorHandler } from './error-handler.ts'
import { API_REFUSAL_KINDS } from './refusal-kinds.ts'

const METADATA = 'https://api.example/.well-known/oauth-protected-resource'

/** The response to a request whose handler throws, and its log lines. */
async function answerTo(thrown: unknown, method: 'GET' | 'POST' = 'GET') {
  const lines: string[] = []
  const logger = pino({ level: 'info' }, { write: (line) => lines.push(line) })
  const app = Fastify({ loggerInstance: logger })
  app.setErrorHandler(createErrorHandler(METADATA))
  app.route({
    method,
    url: '/fails',
    handler: async () => {
      throw thrown
    },
  })
  const response = await app.inject({ method, url: '/fails' })
  return { status: response.statusCode, headers: response.headers, body: response.json(), lines }
}

const unauthorized = (reason: Refusal): OAuthError =>
  new OAuthError('invalid_token', 'The access token is not valid here', 401, reason)
const withStatus = (statusCode: number): Error =>
  Object.assign(new Error('FST internals'), { statusCode })

const CASES: readonly [what: string, unknown, status: number, message: string, detail: RegExp][] = [
  ['an ApiError', new ApiError(409, 'Used', 'Use a new one'), 409, 'Used', /^Use a new one$/],
  ['a bad token', unauthorized({ kind: 'bad_signature' }), 401, 'Unauthorized', /not valid here/],
  [
    'a missing scope',
    new OAuthError('insufficient_scope', 'The scope s is required', 403, {
      kind: 'insufficient_scope',
      client_id: 'c',
      scope: 's',
    }),
    403,
    'Forbidden',
    /^The scope s is required$/,
  ],
  [
    'unavailable keys',
    new OAuthError('temporarily_unavailable', 'No keys', 503, { kind: 'unavailable', detail: 'k' }),
    503,
    'Try again later',
    /^No keys$/,
  ],
  [
    'an unavailable store',
    new StoreUnavailable('/data: I/O'),
    503,
    'Try again later',
    /^The store is temporarily unavailable/,
  ],
  ['a body that does not parse', new JsonBodyError('Not JSON'), 400, 'Invalid JSON', /^Not JSON$/],
  ['a wrong method', new MethodNotAllowed('POST'), 405, 'Method not allowed', /^Use POST$/],
  ['a long body', withStatus(413), 413, 'Body too large', /1 MiB/],
  ['an unknown type', withStatus(415), 415, 'Unsupported media type', /application\/json/],
  [
    'a client error of the framework',
    withStatus(400),
    400,
    'Bad request',
    /^The request is malformed$/,
  ],
  [
    'a server error of the framework',
    withStatus(502),
    500,
    'Internal error',
    /^Unexpected server error/,
  ],
  [
    'an unexpected error',
    new TypeError('x is null'),
    500,
    'Internal error',
    /^Unexpected server error/,
  ],
  [
    'a conflict',
    new StoreConflict('UNIQUE: t.a'),
    500,
    'Internal error',
    /^Unexpected server error/,
  ],
]

describe('the error handler', () => {
  it('asks for a retry with the same X-Request-Id while the store is unavailable', async () => {
    const { body } = await answerTo(new StoreUnavailable('/data: I/O'), 'POST')
    assert.match(body.detail, /same X-Request-Id/)
  })

  for (const [what, thrown, status, message, detail] of CASES) {
    it(`answers ${status} for ${what}, in the documented format`, async () => {
      const answer = await answerTo(thrown)
      assert.equal(answer.status, status)
      assert.deepEqual(Object.keys(answer.body), ['status', 'message', 'detail'])
      assert.equal(answer.body.status, 'error')
      assert.equal(answer.body.message, message)
      assert.match(answer.body.detail, detail)
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.match(String(answer.headers['content-type']), /^application\/json/)
    })
  }

  it('lists every fault of a request by path', async () => {
    const errors = { 'gps.latitude': 'must be at most 90', 'X-Request-Id': 'is required' }
    const { status, body, headers } = await answerTo(new ValidationError(errors))
    assert.equal(status, 400)
    const message = 'Request validation failed'
    assert.deepEqual(body, { status: 'validation_error', message, errors })
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('challenges a request that has no token, without an error code (RFC 6750 §3.1)', async () => {
    const { headers } = await answerTo(unauthorized({ kind: 'no_token' }))
    assert.equal(headers['www-authenticate'], `Bearer resource_metadata="${METADATA}"`)
  })

  it('puts the fault of a token in the challenge', async () => {
    const { headers } = await answerTo(unauthorized({ kind: 'bad_signature' }))
    const challenge = String(headers['www-authenticate'])
    assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+", resource_/)
  })

  it('puts a missing scope in the challenge', async () => {
    const reason = { kind: 'insufficient_scope', client_id: 'c', scope: 'a:b' } as const
    const { headers } = await answerTo(new OAuthError('insufficient_scope', 'No', 403, reason))
    const challenge = String(headers['www-authenticate'])
    assert.match(challenge, /error="insufficient_scope".* scope="a:b"/)
  })

  it('sends no challenge for other errors', async () => {
    for (const thrown of [
      new ApiError(403, 'No', 'No'),
      withStatus(401),
      new StoreUnavailable(''),
    ]) {
      assert.equal((await answerTo(thrown)).headers['www-authenticate'], undefined)
    }
  })

  it('sends Retry-After only for statuses that a retry can change', async () => {
    const retries = { 429: '1', 503: '5', 400: undefined, 409: undefined, 500: undefined }
    for (const [status, retryAfter] of Object.entries(retries)) {
      const { headers } = await answerTo(new ApiError(Number(status), 'x', 'x'))
      assert.equal(headers['retry-after'], retryAfter, status)
    }
    const { headers } = await answerTo(new ApiError(429, 'x', 'x', 10))
    assert.equal(headers['retry-after'], '10')
  })

  it('lists the allowed methods', async () => {
    assert.equal((await answerTo(new MethodNotAllowed('GET, HEAD'))).headers.allow, 'GET, HEAD')
  })

  it('logs a server error as an error with its cause, and a refusal as info', async () => {
    const levelsOf = ({ lines }: { lines: string[] }) =>
      lines
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === 'failed' || msg === 'refused')
        .map(({ level, err }) => [level, err?.message])
    assert.deepEqual(levelsOf(await answerTo(new TypeError('x is null'))), [[50, 'x is null']])
    assert.deepEqual(levelsOf(await answerTo(new ApiError(409, 'x', 'x'))), [[30, undefined]])
    assert.deepEqual(levelsOf(await answerTo(new ValidationError({ a: 'b' }))), [[30, undefined]])
  })

  it('logs the client’s address, and a kind from the fixed list', async () => {
    const refusals: readonly (readonly [Error, string])[] = [
      [new ValidationError({ a: 'b' }), 'validation_error'],
      [new ApiError(409, 'X-Request-Id already used', 'x'), 'request_id_conflict'],
      [new ApiError(400, 'Invalid limit', 'x'), 'invalid_request'],
      [Object.assign(new Error('hunter2'), { statusCode: 413, code: 'FST_ERR_X' }), 'too_large'],
      [Object.assign(new Error('hunter2'), { statusCode: 418 }), 'invalid_request'],
    ]
    for (const [error, kind] of refusals) {
      const { lines } = await answerTo(error)
      const line = lines.map((text) => JSON.parse(text)).find(({ msg }) => msg === 'refused')
      assert.equal(line.address, '127.0.0.1')
      assert.equal(line.reason.kind, kind)
      assert.ok(API_REFUSAL_KINDS.includes(kind))
      assert.ok(!JSON.stringify(line).includes('hunter2'))
    }
  })

  it('logs the number of faults, not what was sent', async () => {
    const { lines } = await answerTo(new ValidationError({ hunter2: 'hunter2 is no number' }))
    assert.equal(
      lines.find((line) => line.includes('hunter2')),
      undefined,
    )
  })
})
