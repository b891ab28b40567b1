/** Proxies between a device and the API, and faults of the device: neither may lose a reading. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { Report } from './assets/report.ts'
import { MemoryQueue } from './buffer/report-queue.ts'
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

/** The API's answer to a report from the future, alone or in a batch. */
const judgeReports: Script = async (request, index) => {
  const answer = await judgeTime(request, index)
  if (answer.status !== 200) return answer
  const reports = request.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const results = reports.map(({ timestamp }) => {
    if (Date.parse(timestamp) <= START_MS + HOUR + 60_000) return { code: 200, status: 'success' }
    const errors = { timestamp: FROM_FUTURE }
    return { code: 400, status: 'validation_error', message: 'no', errors }
  })
  if (request.url.endsWith('/batch')) return json({ results })
  return json(results[0] ?? {}, results[0]?.code)
}

const FROM_FUTURE =
  'INVALID_TIMESTAMP: must not be more than one hour in the future; check the clock of the device'

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

  const ahead = () => new Date(START_MS + 2 * HOUR).toISOString()
  const accepted = (sent: readonly { readonly body: string }[]) =>
    (sent.at(-1)?.body ?? '')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  it('keeps readings that it stamped itself, and sends them with the right time', async () => {
    const { miot, buffer, refused, sent, pass } = setUp(judgeReports, { aheadMs: 2 * HOUR })
    await buffer.push(reading(1, ahead()))
    await buffer.push(reading(2, ahead()))
    await pass(1000)
    assert.deepEqual([buffer.items, refused], [0, []])
    for (const { timestamp } of accepted(sent())) {
      assert.ok(Math.abs(Date.parse(timestamp) - START_MS) < 2000, timestamp)
    }
    // Now that the time is known, at the push.
    await buffer.push(reading(3, ahead()))
    await miot.assets.track(reading(4, ahead()))
    await pass(10_000)
    assert.deepEqual([buffer.items, refused], [0, []])
  })

  it('tracks a single reading that it stamped itself', async () => {
    const { miot, sent } = setUp(judgeReports, { aheadMs: 2 * HOUR })
    await miot.assets.track(reading(1, ahead()))
    const ids = sent().map(({ headers }) => headers.get('x-request-id'))
    assert.equal(new Set(ids).size, 1)
    assert.ok(Math.abs(Date.parse(accepted(sent())[0].timestamp) - START_MS) < 2000)
  })

  it('sends a moved reading again with the same text when its answer is lost', async () => {
    const bodies: string[] = []
    const { buffer, refused, pass } = setUp(
      async (request, index) => {
        const answer = await judgeReports(request, index)
        if (answer.status !== 200) return answer
        bodies.push(request.body)
        if (bodies.length === 1) throw new TypeError('connection lost')
        return answer
      },
      { aheadMs: 2 * HOUR },
    )
    await buffer.push(reading(1, ahead()))
    await pass(10 * 60_000)
    assert.deepEqual([buffer.items, refused], [0, []])
    assert.equal(bodies.length, 2)
    assert.equal(bodies[0], bodies[1])
  })

  it('stamps with the server’s time, which now() tells', async () => {
    const { miot, buffer, sent, pass } = setUp(judgeReports, { aheadMs: 2 * HOUR })
    await miot.assets.track({ asset_id: 'T1' })
    await buffer.push({ asset_id: 'T2' })
    await pass(10_000)
    assert.equal(buffer.items, 0)
    // The last text of each asset is the one that was kept.
    const kept = new Map(sent().map(({ body }) => [JSON.parse(body).asset_id, JSON.parse(body)]))
    assert.deepEqual([...kept.keys()], ['T1', 'T2'])
    for (const { timestamp } of kept.values()) {
      assert.ok(Math.abs(Date.parse(timestamp) - START_MS) < 15_000, timestamp)
    }
    assert.ok(Math.abs(miot.now().getTime() - START_MS) < 15_000)
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

  it('stamps its readings with the time that it learns before it sends them', async () => {
    const device = { aheadMs: -START_MS, authTellsTime: true }
    const { miot, buffer, sent, pass } = setUp(judgeReports, device)
    await buffer.push({ asset_id: 'T1' })
    await buffer.push({ asset_id: 'T2' })
    await pass(1000)
    await miot.assets.track({ asset_id: 'T3' })
    assert.equal(buffer.items, 0)
    for (const { body } of sent()) {
      for (const line of body.trim().split('\n')) {
        const { timestamp } = JSON.parse(line)
        assert.ok(Math.abs(Date.parse(timestamp) - START_MS) < 5000, timestamp)
      }
    }
  })

  it('checks for future times itself once it knows the time', async () => {
    const { miot } = setUp(judgeTime, { aheadMs: -START_MS })
    await miot.assets.track(reading(1))
    const tomorrow = new Date(START_MS + 24 * HOUR).toISOString()
    await assert.rejects(miot.assets.track(reading(2, tomorrow)), { code: 'validation_error' })
  })
})

describe('a spool of an earlier run whose clock was ahead', () => {
  it('is delivered in order, with no time later than its delivery', async () => {
    const queue = new MemoryQueue()
    for (const n of [0, 1, 2]) {
      const timestamp = new Date(START_MS + 5 * HOUR + n * 60_000).toISOString()
      const body = JSON.stringify({ asset_id: 'T', timestamp, idempotency_key: `r${n}` })
      await queue.append({ request_id: `r${n}`, body })
    }
    const { miot, sent, pass } = setUp(judgeReports)
    const moved: string[] = []
    const refused: unknown[] = []
    const buffer = miot.assets.buffer({
      queue,
      onRefused: (report) => refused.push(report),
      onTimeMoved: (report) => moved.push(report.request_id),
    })
    await pass(10_000)
    assert.deepEqual([buffer.items, refused, moved], [0, [], ['r0', 'r1', 'r2']])
    const times = sent()
      .at(-1)
      ?.body.trim()
      .split('\n')
      .map((line) => Date.parse(JSON.parse(line).timestamp))
    assert.equal(times?.length, 3)
    for (const time of times ?? []) assert.ok(time <= START_MS + 15_000)
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
