import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AccessDeniedError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  ServerClock,
  ServerError,
  systemClock,
  TimeoutError,
} from '@modulariot/oauth/client'
import { RefusedError } from '../request/refused-error.ts'
import { withRetries } from '../request/retries.ts'
import {
  json,
  type Script,
  scriptedFetch,
  success,
  unavailable,
  virtualTiming,
} from '../testing/virtual-time.ts'
import { ValidationError } from './errors.ts'
import { sendReport } from './track.ts'

const REPORT = { request_id: 'r-1', body: '{"asset_id":"T"}' }
const LIMITS = { attempts: 5, withinMs: 60_000, baseMs: 500, maxMs: 30_000 }

function setUp(script: Script, timeoutMs = 30_000) {
  const timing = virtualTiming({ instant: true })
  const { fetch, requests } = scriptedFetch(script)
  const clock = { monotonicMs: timing.now, wallMs: timing.now, after: systemClock.after }
  const serverClock = new ServerClock(clock)
  const redact = (text: string) => text
  const deps = {
    apiUrl: 'https://api.example',
    client_id: 'client-1',
    fetch,
    timing,
    serverClock,
    redact,
    timeoutMs,
  }
  const send = (signal?: AbortSignal) =>
    withRetries((one) => sendReport(REPORT, deps, one), LIMITS, timing, signal)
  return { send, requests, timing }
}

/** The error of a report whose every attempt gets this answer. */
async function failure(script: Script, timeoutMs?: number) {
  const { send, requests } = setUp(script, timeoutMs)
  const error = await send().then(
    () => assert.fail('it was sent'),
    (thrown) => thrown,
  )
  return { error, tries: requests.length }
}

describe('a report', () => {
  it('is sent as documented', async () => {
    const { send, requests, timing } = setUp(success)
    assert.deepEqual(await send(), { request_id: 'r-1', replayed: false })
    const [{ url, headers, body }] = requests as [(typeof requests)[0]]
    assert.equal(url, 'https://api.example/v1/asset/track')
    assert.equal(body, REPORT.body)
    assert.equal(headers.get('content-type'), 'application/json')
    assert.equal(headers.get('x-request-id'), 'r-1')
    assert.equal(headers.get('x-request-timestamp'), String(timing.now() / 1000))
  })

  it('keeps its id and its text over retries, and has a new timestamp in each', async () => {
    const { send, requests } = setUp((_, index) => (index < 3 ? unavailable() : success()))
    await send()
    const sent = requests.map(({ headers, body }) => [headers.get('x-request-id'), body])
    assert.deepEqual(sent, Array(4).fill(['r-1', REPORT.body]))
    const times = requests.map(({ headers }) => headers.get('x-request-timestamp'))
    assert.equal(new Set(times).size, 4)
  })

  it('that was kept by an attempt whose answer was lost is reported as a replay', async () => {
    const { send } = setUp((_, index) => {
      if (index === 0) throw new TypeError('fetch failed')
      return json({ status: 'success' }, 200, { 'idempotent-replay': 'true' })
    })
    assert.deepEqual(await send(), { request_id: 'r-1', replayed: true })
  })

  it('waits as long as Retry-After says', async () => {
    const { send, timing } = setUp((_, index) => (index === 0 ? unavailable('20') : success()))
    await send()
    assert.deepEqual(timing.waits, [25_000])
  })

  it('waits until the date in Retry-After, but never longer than an hour', async () => {
    const soon = new Date(Date.parse('2026-01-15T12:00:20Z')).toUTCString()
    const { send, timing } = setUp((_, index) => (index === 0 ? unavailable(soon) : success()))
    await send()
    assert.deepEqual(timing.waits, [25_000])
  })

  it('gives up at once when Retry-After exceeds the time left', async () => {
    const { error, tries } = await failure(() => unavailable('61'))
    assert.ok(error instanceof ServerError)
    assert.deepEqual([error.retryAfterSeconds, tries], [61, 1])
  })

  it('backs off', async () => {
    const { send, timing } = setUp(() => unavailable())
    await assert.rejects(send(), ServerError)
    assert.deepEqual(timing.waits, [500, 1000, 2000, 4000])
  })

  it('stops when its caller aborts', async () => {
    const controller = new AbortController()
    const { send, requests } = setUp(() => {
      controller.abort(new Error('enough'))
      return unavailable()
    })
    await assert.rejects(send(controller.signal), { message: 'enough' })
    assert.equal(requests.length, 1)
  })
})

describe('an answer', () => {
  const fault = { status: 'validation_error', message: 'no', errors: { timestamp: 'is required' } }
  const refusal = { status: 'error', message: 'Too large', detail: 'At most 1 MiB' }
  const rows: readonly [string, Script, new (...args: never[]) => Error, number][] = [
    ['429', () => json(refusal, 429), RateLimitedError, 5],
    ['500', () => json(refusal, 500), ServerError, 5],
    ['a proxy’s 502', () => new Response('<h1>Bad gateway</h1>', { status: 502 }), ServerError, 5],
    ['200 that is not JSON', () => new Response('<h1>Log in</h1>'), ServerError, 5],
    ['200 from another server', () => json({ status: 'ok' }), ServerError, 5],
    ['200 and null', () => json(null), ServerError, 5],
    ['a redirect', () => Response.redirect('https://other.example'), ServerError, 5],
    ['408', () => json({}, 408), ServerError, 5],
    ['400 validation', () => json(fault, 400), ValidationError, 1],
    ['400 of another kind', () => json(refusal, 400), RefusedError, 1],
    ['401', () => json(refusal, 401), AccessDeniedError, 1],
    ['403', () => json(refusal, 403), AccessDeniedError, 1],
    ['409', () => json(refusal, 409), RefusedError, 1],
    ['413', () => json(refusal, 413), RefusedError, 1],
  ]
  for (const [what, script, Type, expected] of rows) {
    it(`${what} becomes ${Type.name} after ${expected} tries`, async () => {
      const { error, tries } = await failure(script)
      assert.ok(error instanceof Type, `${error}`)
      assert.equal(tries, expected)
    })
  }

  it('has its faults by path', async () => {
    const { error } = await failure(() => json(fault, 400))
    assert.deepEqual(error.errors, fault.errors)
    assert.match(error.message, /timestamp is required/)
  })

  it('distinguishes an id that was used before', async () => {
    const { error } = await failure(() => json(refusal, 409, { 'x-request-id': 'r-1' }))
    assert.deepEqual([error.code, error.status, error.requestId], ['conflict', 409, 'r-1'])
  })
})

describe('no answer', () => {
  it('is a NetworkError that names the cause and nothing else', async () => {
    const { error, tries } = await failure(() => {
      const cause = Object.assign(new Error('a secret text'), { code: 'ECONNREFUSED' })
      throw new TypeError('fetch failed', { cause })
    })
    assert.ok(error instanceof NetworkError)
    assert.match(error.message, /ECONNREFUSED/)
    assert.doesNotMatch(error.message, /secret/)
    assert.equal(tries, 5)
  })

  it('in time is a TimeoutError', async () => {
    const { error } = await failure(
      () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 20)),
      1,
    )
    assert.ok(error instanceof TimeoutError)
  })

  it('because there is no token is the token’s own error', async () => {
    const { error, tries } = await failure(() => {
      throw new InvalidClientError('No such client')
    })
    assert.ok(error instanceof InvalidClientError)
    assert.equal(tries, 1)
  })
})
