import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServerClock, systemClock } from '@modulariot/oauth/client'
import {
  json,
  type Script,
  scriptedFetch,
  success,
  unavailable,
  virtualTiming,
} from '../testing/virtual-time.ts'
import { createDeliver } from './batch.ts'
import { Stamps } from './stamps.ts'

const REPORTS = [1, 2, 3].map((n) => ({ request_id: `r-${n}`, body: `{"asset_id":"T${n}"}` }))
const SIGNAL = new AbortController().signal

function setUp(script: Script) {
  const { fetch, requests } = scriptedFetch(script)
  const timing = virtualTiming()
  const deps = {
    apiUrl: 'https://api.example',
    client_id: 'client-1',
    fetch,
    timing,
    serverClock: new ServerClock(systemClock),
    redact: (text: string) => text,
    timeoutMs: 30_000,
  }
  const stamps = new Stamps({
    monotonicMs: () => 0,
    trueTime: () => ({ isKnown: true, nowMs: Date.now(), aheadMs: 0 }),
    learn: async () => {},
  })
  const deliver = createDeliver(deps, stamps)
  const paths = () => requests.map(({ url }) => new URL(url).pathname)
  return { deliver: () => deliver(REPORTS, SIGNAL), requests, paths, timing }
}

const results = (...codes: unknown[]) =>
  json({ status: 'partial', results: codes.map((code, index) => ({ index, code })) })

const notFound = () => json({ status: 'error', message: 'Not found', detail: 'No such path' }, 404)

const BATCH = '/v1/asset/track/batch'
const SINGLE = '/v1/asset/track'

describe('a batch', () => {
  it('carries each report’s own text, one per line', async () => {
    const { deliver, requests } = setUp(() => results(200, 200, 200))
    await deliver()
    assert.equal(requests[0]?.body, REPORTS.map(({ body }) => `${body}\n`).join(''))
    assert.equal(requests[0]?.headers.get('content-type'), 'application/x-ndjson')
  })

  it('settles each report by its own result', async () => {
    const { deliver, requests } = setUp(() =>
      json({
        results: [
          { code: 200, status: 'success', replayed: true },
          { code: 400, status: 'validation_error', errors: { year: 'must be a whole number' } },
          { code: 409, status: 'error', message: 'Conflict', detail: 'used before' },
        ],
      }),
    )
    const { settled, failure } = await deliver()
    assert.equal(failure, null)
    assert.deepEqual(settled[0], { kind: 'kept', replayed: true })
    const errors = settled.slice(1).map((one) => one.kind === 'refused' && one.error.name)
    assert.deepEqual(errors, ['ValidationError', 'RefusedError'])
    assert.equal(requests.length, 1)
  })

  it('stops at a report that could not be kept for now', async () => {
    const { deliver } = setUp(() => results(200, 503, 200))
    const { settled, failure } = await deliver()
    assert.equal(settled.length, 1)
    assert.equal((failure as { retryable?: boolean } | null)?.retryable, true)
  })

  for (const [what, script] of [
    ['no network', () => Promise.reject(new TypeError('fetch failed'))],
    ['503', () => unavailable()],
    ['401', () => json({}, 401)],
    ['too few results', () => results(200)],
    ['a result without a code', () => results(undefined, 200, 200)],
    ['an item with a 403', () => results(403, 200, 200)],
  ] as const) {
    it(`settles nothing on ${what}`, async () => {
      const { deliver, requests } = setUp(script)
      const { settled, failure } = await deliver()
      assert.deepEqual([settled.length, requests.length], [0, 1])
      assert.ok(failure instanceof Error)
    })
  }
})

describe('when the server has no batches', () => {
  it('reports go one by one, and batches are tried again only after an hour', async () => {
    const { deliver, paths, requests, timing } = setUp(({ url }) =>
      url.endsWith('/batch') ? notFound() : success(),
    )
    assert.equal((await deliver()).settled.length, 3)
    assert.equal((await deliver()).settled.length, 3)
    assert.deepEqual(paths(), [BATCH, ...Array(6).fill(SINGLE)])
    assert.equal(requests[1]?.headers.get('x-request-id'), 'r-1')
    await timing.pass(3_600_000)
    await deliver()
    assert.deepEqual(paths().slice(7, 9), [BATCH, SINGLE])
  })

  it('the first failure stops it, and settled reports stay settled', async () => {
    const { deliver } = setUp(({ url, headers }) => {
      if (url.endsWith('/batch')) return notFound()
      return headers.get('x-request-id') === 'r-2' ? unavailable() : success()
    })
    const { settled, failure } = await deliver()
    assert.equal(settled.length, 1)
    assert.ok(failure !== null)
  })

  it('a wrong address loses no reading: 404 does not concern the report', async () => {
    const { deliver } = setUp(notFound)
    const { settled, failure } = await deliver()
    assert.equal(settled.length, 0)
    assert.ok(failure !== null)
  })
})

describe('a batch that is refused as a whole', () => {
  for (const status of [400, 413]) {
    it(`(${status}) is sent one by one, so that only the one to blame is dropped`, async () => {
      const { deliver } = setUp(({ url, headers }) => {
        const good = !url.endsWith('/batch') && headers.get('x-request-id') !== 'r-2'
        return good ? success() : json({ status: 'error', message: 'No', detail: 'Never' }, status)
      })
      const { settled, failure } = await deliver()
      assert.deepEqual(
        settled.map(({ kind }) => kind),
        ['kept', 'refused', 'kept'],
      )
      assert.equal(failure, null)
    })
  }
})
