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

const METADATA = 'https://api.example/.well-known/oauth-protected-resource'

/** The answer to a request whose handler throws, and the log of it. */
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
  ['a refusal of ours', new ApiError(409, 'Used', 'Use a new one'), 409, 'Used', /^Use a new one$/],
  ['a bad token', unauthorized({ kind: 'bad_signature' }), 401, 'Unauthorized', /not valid here/],
  [
    'a scope that is missing',
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
    'keys that cannot be had',
    new OAuthError('temporarily_unavailable', 'No keys', 503, { kind: 'unavailable', detail: 'k' }),
    503,
    'Try again later',
    /^No keys$/,
  ],
  [
    'a store that is away',
    new StoreUnavailable('/data: I/O'),
    503,
    'Try again later',
    /^The store is temporarily unavailable/,
  ],
  ['a body that does not parse', new JsonBodyError('Not JSON'), 400, 'Invalid JSON', /^Not JSON$/],
  ['a wrong method', new MethodNotAllowed('POST'), 405, 'Method not allowed', /^Use POST$/],
  ['a long body', withStatus(413), 413, 'Body too large', /1 MiB/],
  ['an unknown type', withStatus(415), 415, 'Unsupported media type', /application\/json/],
  ['what the framework refuses', withStatus(400), 400, 'Bad request', /^The request is malformed$/],
  [
    'what the framework fails at',
    withStatus(502),
    500,
    'Internal error',
    /^Unexpected server error/,
  ],
  [
    'a mistake of ours',
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
  it('tells a sender to repeat its request as it was while the store is away', async () => {
    const { body } = await answerTo(new StoreUnavailable('/data: I/O'), 'POST')
    assert.match(body.detail, /same X-Request-Id/)
  })

  for (const [what, thrown, status, message, detail] of CASES) {
    it(`answers ${status} for ${what}, in the documented shape`, async () => {
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

  it('shows every fault of a request by its path', async () => {
    const errors = { 'gps.latitude': 'must be at most 90', 'X-Request-Id': 'is required' }
    const { status, body, headers } = await answerTo(new ValidationError(errors))
    assert.equal(status, 400)
    const message = 'Request validation failed'
    assert.deepEqual(body, { status: 'validation_error', message, errors })
    assert.equal(headers['cache-control'], 'no-store')
  })

  it('challenges who brought no token without saying more (RFC 6750 §3.1)', async () => {
    const { headers } = await answerTo(unauthorized({ kind: 'no_token' }))
    assert.equal(headers['www-authenticate'], `Bearer resource_metadata="${METADATA}"`)
  })

  it('says in the challenge what is wrong with a token', async () => {
    const { headers } = await answerTo(unauthorized({ kind: 'bad_signature' }))
    const challenge = String(headers['www-authenticate'])
    assert.match(challenge, /^Bearer error="invalid_token", error_description="[^"]+", resource_/)
  })

  it('says in the challenge which scope is missing', async () => {
    const reason = { kind: 'insufficient_scope', client_id: 'c', scope: 'a:b' } as const
    const { headers } = await answerTo(new OAuthError('insufficient_scope', 'No', 403, reason))
    const challenge = String(headers['www-authenticate'])
    assert.match(challenge, /error="insufficient_scope".* scope="a:b"/)
  })

  it('challenges nobody else', async () => {
    for (const thrown of [
      new ApiError(403, 'No', 'No'),
      withStatus(401),
      new StoreUnavailable(''),
    ]) {
      assert.equal((await answerTo(thrown)).headers['www-authenticate'], undefined)
    }
  })

  it('says when to try again exactly where that helps', async () => {
    const retries = { 429: '1', 503: '5', 400: undefined, 409: undefined, 500: undefined }
    for (const [status, retryAfter] of Object.entries(retries)) {
      const { headers } = await answerTo(new ApiError(Number(status), 'x', 'x'))
      assert.equal(headers['retry-after'], retryAfter, status)
    }
    const { headers } = await answerTo(new ApiError(429, 'x', 'x', 10))
    assert.equal(headers['retry-after'], '10')
  })

  it('says which methods there are', async () => {
    assert.equal((await answerTo(new MethodNotAllowed('GET, HEAD'))).headers.allow, 'GET, HEAD')
  })

  it('logs a failure of ours as an error with its cause, a refusal as information', async () => {
    const levelsOf = ({ lines }: { lines: string[] }) =>
      lines
        .map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === 'failed' || msg === 'refused')
        .map(({ level, err }) => [level, err?.message])
    assert.deepEqual(levelsOf(await answerTo(new TypeError('x is null'))), [[50, 'x is null']])
    assert.deepEqual(levelsOf(await answerTo(new ApiError(409, 'x', 'x'))), [[30, undefined]])
    assert.deepEqual(levelsOf(await answerTo(new ValidationError({ a: 'b' }))), [[30, undefined]])
  })

  it('logs how many faults a request has, not what was sent', async () => {
    const { lines } = await answerTo(new ValidationError({ hunter2: 'hunter2 is no number' }))
    assert.equal(
      lines.find((line) => line.includes('hunter2')),
      undefined,
    )
  })
})
