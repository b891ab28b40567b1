/** Proxies between a device and the API, and faults of the device: neither may lose a reading. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { Report } from './assets/report.ts'
import { createClient } from './modular-iot.ts'
import {
  json,
  type Script,
  START_MS,
  scriptedFetch,
  settled,
  success,
  virtualTiming,
} from './testing/virtual-time.ts'

const API = 'https://api.example'
const TOKEN = 'opaque-token-1'
const HOUR = 3_600_000

interface Device {
  /** How far its wall clock is ahead. */
  readonly aheadMs?: number
  /** Whether the token endpoint sends the time. */
  readonly authTellsTime?: boolean
}

/** A device whose API answers from the script; the answers carry the right time. */
function setUp(script: Script, { aheadMs = 0, authTellsTime = false }: Device = {}) {
  let uptimeMs = 0
  const date = () => new Date(START_MS + uptimeMs).toUTCString()
  const { fetch, requests } = scriptedFetch(async (request, index) => {
    if (request.url.startsWith(API)) {
      const response = await script(request, index)
      response.headers.set('date', date())
      return response
    }
    const answer = { access_token: TOKEN, token_type: 'Bearer', expires_in: 86_400 }
    return json(answer, 200, authTellsTime ? { date: date() } : {})
  })
  const clock = {
    monotonicMs: () => uptimeMs,
    wallMs: () => START_MS + aheadMs + uptimeMs,
    after: () => () => {},
  }
  const timing = virtualTiming()
  const miot = createClient({
    token_endpoint: 'https://auth.example/api/v1/login',
    apiUrl: API,
    client_id: 'client-1',
    client_secret: 'top-secret',
    audience: API,
    fetch,
    timing,
    clock,
  })
  const refused: [Report, Error][] = []
  const failures: Error[] = []
  const buffer = miot.assets.buffer({
    maxDelayMs: 0,
    onRefused: (report, error) => refused.push([report, error]),
    onFailure: (error) => failures.push(error),
  })
  const sent = () => requests.filter(({ url }) => url.startsWith(API))
  const pass = (ms: number) => {
    uptimeMs += ms
    return timing.pass(ms)
  }
  return { miot, buffer, refused, failures, sent, pass, timing }
}

/** The answer of the API's `request-headers.ts` to a request from the future. */
const judgeTime: Script = ({ headers, url }) => {
  const sentMs = Number(headers.get('x-request-timestamp')) * 1000
  if (sentMs > START_MS + HOUR + 60_000) {
    const errors = { 'X-Request-Timestamp': 'must not be more than an hour in the future' }
    return json({ status: 'validation_error', message: 'Request validation failed', errors }, 400)
  }
  return url.endsWith('/batch') ? json({ results: [{ code: 200 }, { code: 200 }] }) : success()
}

const reading = (n: number, timestamp = new Date(START_MS).toISOString()) => ({
  asset_id: `T${n}`,
  timestamp,
})

describe('a proxy that answers in place of the API', () => {
  const answers: Readonly<Record<string, () => Response>> = {
    'a proxy’s page': () => new Response('<html>400 Bad Request</html>', { status: 400 }),
    'an empty 400': () => new Response(null, { status: 400 }),
    'a 413 in HTML': () => new Response('<html>413</html>', { status: 413 }),
    'a gateway’s own 409': () => json({ message: 'Conflict' }, 409),
    'a health check’s 200': () => json({ status: 'ok' }),
    'a login page’s 200': () => new Response('<html>Log in</html>'),
    'a 200 with results of something else': () => json({ results: [{ id: 1 }, { id: 2 }] }),
    'a validation error of another kind': () => json({ status: 'validation_error' }, 400),
    'a validation error without errors': () =>
      json({ status: 'validation_error', errors: {} }, 400),
  }
  for (const [what, answer] of Object.entries(answers)) {
    it(`loses no reading: ${what}`, async () => {
      let blocked = true
      const { buffer, refused, failures, pass } = setUp((request, index) =>
        blocked ? answer() : judgeTime(request, index),
      )
      await buffer.push(reading(1))
      await buffer.push(reading(2))
      await pass(1000)
      assert.ok(failures.length > 0)
      assert.deepEqual([buffer.items, refused], [2, []])
      blocked = false
      await pass(10 * 60_000)
      assert.deepEqual([buffer.items, refused], [0, []])
    })
  }

  it('does not keep a report that the API itself refuses from being dropped', async () => {
    const errors = { timestamp: 'is required', 'X-Request-Timestamp': 'is required' }
    const result = { code: 400, status: 'validation_error', message: 'no', errors }
    const { buffer, refused, pass } = setUp(() => json({ results: [result, { code: 200 }] }))
    await buffer.push(reading(1))
    await buffer.push(reading(2))
    await pass(1000)
    assert.deepEqual([buffer.items, refused.length], [0, 1])
  })

  it('may send endlessly, and is not read to the end', async () => {
    let mebibytes = 0
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<void>()
    const { buffer, failures, pass } = setUp(() => {
      const pull = (controller: ReadableStreamDefaultController) => {
        mebibytes += 1
        controller.enqueue(new Uint8Array(1 << 20).fill(0x20))
      }
      return new Response(new ReadableStream({ pull, cancel }))
    })
    await buffer.push(reading(1))
    await pass(1)
    await cancelled
    await settled()
    assert.ok(mebibytes <= 10, `${mebibytes} MiB`)
    assert.deepEqual([failures[0]?.name, buffer.items], ['ServerError', 1])
  })
})

describe('a device whose clock is two hours ahead', () => {
  for (const authTellsTime of [true, false]) {
    it(`delivers what it has, ${authTellsTime ? 'Auth' : 'only the API'} telling the time`, async () => {
      const { buffer, refused, sent, pass } = setUp(judgeTime, {
        aheadMs: 2 * HOUR,
        authTellsTime,
      })
      await buffer.push(reading(1))
      await buffer.push(reading(2))
      await pass(1000)
      assert.deepEqual([buffer.items, refused], [0, []])
      assert.ok(sent().length <= 2, `${sent().length} requests`)
    })
  }

  it('tracks single reports, too', async () => {
    const { miot, sent } = setUp(judgeTime, { aheadMs: 2 * HOUR })
    await miot.assets.track(reading(1))
    assert.equal(sent().length, 2)
    await miot.assets.track(reading(2))
    assert.equal(sent().length, 3, 'it has learnt')
  })

  it('loses nothing when no server sends the time', async () => {
    const never: Script = () => {
      const errors = { 'X-Request-Timestamp': 'must not be more than an hour in the future' }
      return json({ status: 'validation_error', message: 'no', errors }, 400)
    }
    const { buffer, refused, failures, pass } = setUp(never, { aheadMs: 2 * HOUR })
    await buffer.push(reading(1))
    await pass(1000)
    assert.deepEqual([buffer.items, refused], [1, []])
    assert.equal(failures[0]?.name, 'ValidationError')
  })
})

describe('a device that boots in 1970', () => {
  it('keeps readings with the right time, and delivers them', async () => {
    const { buffer, pass } = setUp(judgeTime, { aheadMs: -START_MS })
    await buffer.push(reading(1))
    await buffer.push(reading(2))
    await pass(1000)
    assert.equal(buffer.items, 0)
  })

  it('checks for future times itself once it knows the time', async () => {
    const { miot } = setUp(judgeTime, { aheadMs: -START_MS })
    await miot.assets.track(reading(1))
    const tomorrow = new Date(START_MS + 24 * HOUR).toISOString()
    await assert.rejects(miot.assets.track(reading(2, tomorrow)), { code: 'validation_error' })
  })
})

describe('an answer that quotes the request', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjbGllbnQtMSJ9.c2lnbmF0dXJl'
  const quote = `authorization: Bearer ${TOKEN} ${jwt}\n\u001b[31m`
  const answers: Readonly<Record<string, () => Response>> = {
    RefusedError: () => json({ status: 'error', message: quote, detail: quote }, 422),
    ValidationError: () =>
      json({ status: 'validation_error', message: quote, errors: { [quote]: quote } }, 400),
    ServerError: () => json({ message: quote }, 500, { 'x-request-id': `r ${TOKEN}` }),
    AccessDeniedError: () => json({ message: quote }, 403),
    RateLimitedError: () => json({ detail: quote }, 429, { 'retry-after': '3600' }),
  }
  for (const [name, answer] of Object.entries(answers)) {
    it(`shows no token in its ${name}`, async () => {
      const { miot, pass } = setUp(answer)
      const thrown = miot.assets.track(reading(1)).catch((error) => error)
      await pass(120_000)
      const error = await thrown
      assert.equal(error.name, name)
      const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)].join()
      assert.doesNotMatch(shown, new RegExp(`${TOKEN}|${jwt}`))
      assert.doesNotMatch(error.message, /\p{Control}/u)
    })
  }
})

describe('a Retry-After that is absurd', () => {
  for (const value of ['2147484', '9999999', '999999999', '9'.repeat(40), '-1', 'soon', '1e9']) {
    it(`(${value.slice(0, 12)}) makes the buffer neither hammer the server nor fall silent`, async () => {
      const { buffer, sent, pass, timing } = setUp(() => json({}, 429, { 'retry-after': value }))
      await buffer.push(reading(1))
      await pass(900)
      assert.equal(sent().length, 1)
      assert.ok((timing.waits.at(-1) as number) <= 1.25 * 24 * HOUR)
      await pass(31 * HOUR)
      assert.ok(sent().length > 1)
    })
  }
})

describe('closing a buffer twice', () => {
  it('waits for the first call', async () => {
    const { promise, resolve } = Promise.withResolvers<Response>()
    const { buffer } = setUp(() => promise)
    await buffer.push(reading(1))
    const first = buffer.close()
    let second: number | null = null
    const waiting = buffer.close().then((left) => {
      second = left
    })
    await settled()
    assert.equal(second, null)
    resolve(success())
    assert.equal(await first, 0)
    await waiting
    assert.equal(second, 0)
  })
})
