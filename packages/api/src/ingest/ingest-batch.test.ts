import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { MAX_BATCH_ITEMS, MAX_REPORT_BYTES } from '@modulariot/telemetry'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import { ClientBudget } from '../limits/client-budget.ts'
import { isSealed, unseal } from '../store/packed.ts'
import type { AppendOutcome, Observation } from '../store/store.ts'
import { MAX_BATCH_VALUES } from './batch-items.ts'
import type { HeldRoom, Room } from './commit-queue.ts'
import { HEAVY_BYTES, HeavyReader } from './heavy-reader.ts'
import type { IngestDeps } from './ingest.ts'
import { type BatchRequest, ingestBatch } from './ingest-batch.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const CLAIMS = {
  client_id: 'client_1',
  org_id: 'org_1',
  environment: 'development',
} as AccessTokenClaims
const confirm = async (): Promise<void> => {}
const HEADERS = { 'x-request-id': 'b-1', 'x-request-timestamp': String(NOW_MS / 1000) }

const reportOf = (asset_id: string, more: object = {}) =>
  JSON.stringify({ asset_id, timestamp: '2026-01-02T03:04:05Z', ...more })

const requestOf = (texts: readonly string[]): BatchRequest => ({
  claims: CLAIMS,
  headers: HEADERS,
  confirm,
  body: { bytes: Buffer.from(texts.join('\n')), gzip: false, maxBytes: 5 * 1024 ** 2 },
  format: 'ndjson',
  ids: 'request',
})

const budget = new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now)
const heavy = new HeavyReader(budget)
after(() => heavy.close())

const queueOf = (commitAll: HeldRoom['commitAll']): IngestDeps['queue'] => ({
  commit: () => assert.fail(),
  assertRoom: () => {},
  hold: () => ({ commitAll, release: () => {} }),
})

interface Options {
  readonly texts: readonly string[]
  /** Outcomes of the valid items, in order; `stored` by default. */
  readonly outcomes?: readonly AppendOutcome[]
  readonly headers?: Record<string, string>
  readonly validation?: 'strict' | 'lenient'
}

async function ingested({
  texts,
  outcomes = [],
  headers = HEADERS,
  validation = 'strict',
}: Options) {
  const committed: (readonly Observation[])[] = []
  const queue = queueOf(async (observations) => {
    const opened = isSealed(observations) ? observations.pieces.flatMap(unseal) : observations
    if (isSealed(observations)) assert.equal(observations.count, opened.length)
    committed.push(opened)
    return opened.map((_, index) => outcomes[index] ?? 'stored')
  })
  const deps = { queue, heavy, budget, now: () => NOW_MS, validation }
  const { result } = await ingestBatch({ ...requestOf(texts), headers }, deps)
  return { result, committed }
}

describe('a batch', () => {
  it('is stored in one transaction, each item as sent and identified by its index', async () => {
    const texts = [reportOf('a'), ` ${reportOf('b', { n: 1.5 })}`.trim()]
    const { result, committed } = await ingested({ texts })
    assert.equal(committed.length, 1)
    assert.deepEqual(
      committed[0]?.map(({ request_id, item, asset_id, payload }) => [
        request_id,
        item,
        asset_id,
        payload,
      ]),
      [
        ['b-1', 0, 'a', texts[0]],
        ['b-1', 1, 'b', texts[1]],
      ],
    )
    assert.deepEqual(result, {
      status: 'success',
      message: '2 of 2 items accepted',
      counts: { items: 2, stored: 2, replayed: 0, refused: 0 },
      results: [
        { index: 0, code: 200, status: 'success' },
        { index: 1, code: 200, status: 'success' },
      ],
    })
  })

  it('identifies an item by its own key, as if it had been sent alone', async () => {
    const texts = [reportOf('a'), reportOf('b', { idempotency_key: 'own-7' }), reportOf('c')]
    const { committed } = await ingested({ texts })
    assert.deepEqual(
      committed[0]?.map(({ request_id, item }) => [request_id, item]),
      [
        ['b-1', 0],
        ['own-7', 0],
        ['b-1', 2],
      ],
    )
  })

  it('stores the valid items, and returns for each invalid one the error it would get alone', async () => {
    const texts = [
      reportOf('a'),
      reportOf('b', { gps: { latitude: 91, longitude: 0 } }),
      '{"asset_id":',
      '{"asset_id":"x","asset_id":"y"}',
      reportOf('c', { idempotency_key: 'has blanks' }),
      reportOf('d', { padding: 'x'.repeat(MAX_REPORT_BYTES) }),
      reportOf('e'),
      reportOf('f'),
    ]
    const { result, committed } = await ingested({
      texts,
      outcomes: ['stored', 'replayed', 'conflict'],
    })
    assert.deepEqual(
      committed[0]?.map(({ item }) => item),
      [0, 6, 7],
    )
    assert.deepEqual(result.counts, { items: 8, stored: 1, replayed: 1, refused: 6 })
    assert.equal(result.status, 'partial')
    assert.deepEqual(
      result.results.map(({ index, code, status }) => [index, code, status]),
      [
        [0, 200, 'success'],
        [1, 400, 'validation_error'],
        [2, 400, 'error'],
        [3, 400, 'error'],
        [4, 400, 'validation_error'],
        [5, 413, 'error'],
        [6, 200, 'success'],
        [7, 409, 'error'],
      ],
    )
    assert.match(Object(result.results[1]).errors['gps.latitude'], /90/)
    assert.match(Object(result.results[3]).detail, /duplicate member/)
    assert.deepEqual(Object.keys(Object(result.results[4]).errors), ['idempotency_key'])
    assert.deepEqual(result.results[6], { index: 6, code: 200, status: 'success', replayed: true })
  })

  it('limits the bytes of an item, as if it had been sent alone', async () => {
    const fill = (bytes: number) =>
      '€'.repeat(Math.floor(bytes / 3)).padEnd(bytes - 2 * Math.floor(bytes / 3), 'x')
    const room = MAX_REPORT_BYTES - reportOf('a', { padding: '' }).length
    const texts = [room, room + 1].map((bytes) => reportOf('a', { padding: fill(bytes) }))
    assert.equal(Buffer.byteLength(texts[0] as string), MAX_REPORT_BYTES)
    const { result } = await ingested({ texts })
    assert.deepEqual(
      result.results.map(({ code }) => code),
      [200, 413],
    )
  })

  it('does not call the store without a valid item', async () => {
    const { result, committed } = await ingested({ texts: ['1', 'null', '[]'] })
    assert.deepEqual(committed, [])
    assert.equal(result.status, 'error')
    assert.deepEqual(
      result.results.map(({ code }) => code),
      [400, 400, 400],
    )
  })

  it('reserves room before an item is validated, and always releases it', async () => {
    const held: Room[] = []
    let released = 0
    const queue: IngestDeps['queue'] = {
      ...queueOf(() => assert.fail()),
      hold: (room) => {
        held.push(room)
        const commitAll = () => Promise.reject(new Error('no disk'))
        return { commitAll, release: () => released++ }
      },
    }
    const deps = { queue, heavy, budget, now: () => NOW_MS, validation: 'strict' } as const
    await ingestBatch(requestOf(['{', '[]']), deps).catch(() => {})
    await assert.rejects(ingestBatch(requestOf([reportOf('a')]), deps), /no disk/)
    const long = reportOf('a', { padding: 'x'.repeat(HEAVY_BYTES) })
    await assert.rejects(ingestBatch(requestOf([long]), deps), /no disk/)
    await assert.rejects(ingestBatch(requestOf(Array(5).fill(long)), deps), /no disk/)
    assert.deepEqual(held, [
      { items: 2, payload: 3 },
      { items: 1, payload: reportOf('a').length },
      { items: 1, payload: long.length },
      // The other thread counts its items.
      { items: MAX_BATCH_ITEMS, payload: 5 * 1024 ** 2 },
    ])
    assert.equal(released, 4)
  })

  it('is refused, and its room released, when its token expires before or during validation', async () => {
    const ended = new Error('the token has expired')
    for (const [valid, holds] of [
      [0, 0],
      [1, 1],
    ] as const) {
      let held = 0
      let released = 0
      let checks = 0
      const queue: IngestDeps['queue'] = {
        ...queueOf(() => assert.fail()),
        hold: () => {
          held++
          return { commitAll: () => assert.fail(), release: () => released++ }
        },
      }
      const confirm = async (): Promise<void> => {
        if (checks++ >= valid) throw ended
      }
      const deps = { queue, heavy, budget, now: () => NOW_MS, validation: 'strict' } as const
      const request = { ...requestOf([reportOf('a')]), confirm }
      await assert.rejects(ingestBatch(request, deps), ended)
      assert.deepEqual([held, released], [holds, holds])
    }
  })

  it('passes on the error of the queue or the store', async () => {
    const fault = new ApiError(429, 'Too many requests', 'Later')
    const queue = queueOf(() => Promise.reject(fault))
    const deps = { queue, heavy, budget, now: () => NOW_MS, validation: 'strict' } as const
    await assert.rejects(ingestBatch(requestOf([reportOf('a')]), deps), fault)
  })

  it('is refused for invalid headers', async () => {
    await assert.rejects(
      ingested({ texts: [reportOf('a')], headers: {} }),
      (error) =>
        error instanceof ValidationError &&
        Object.keys(error.errors).join() === 'X-Request-Id,X-Request-Timestamp',
    )
  })

  it('returns warnings per item in lenient mode', async () => {
    const items = [{ k: 'engine.mood', v: 1 }]
    const metrics = { schema: 'miot.metrics@1.0', items }
    const texts = [reportOf('a', { metrics }), reportOf('b')]
    const { result } = await ingested({ texts, validation: 'lenient' })
    assert.deepEqual(Object.keys(Object(result.results[0]).warnings), ['metrics.items[0].k'])
    assert.deepEqual(result.results[1], { index: 1, code: 200, status: 'success' })
  })

  it('yields to other requests between long items and between many short ones', async () => {
    const long = Array.from({ length: 4 }, () => reportOf('a', { padding: 'x'.repeat(16_000) }))
    assert.ok((await turnsDuring(ingested({ texts: long }))) >= 3)
    const short = Array.from({ length: 200 }, () => reportOf('a'))
    assert.ok((await turnsDuring(ingested({ texts: short }))) >= 3)
    assert.equal(await turnsDuring(ingested({ texts: [reportOf('a')] })), 0)
  })

  it('with large items is parsed on the thread, with the same result', async () => {
    const padding = 'x'.repeat(HEAVY_BYTES)
    const texts = [
      reportOf('a', { padding }),
      reportOf('b', { padding, idempotency_key: 'own-7' }),
      reportOf('c', { padding, idempotency_key: 'has blanks' }),
      `{"padding":"${padding}`,
      reportOf('d'),
    ]
    const { result, committed } = await ingested({ texts })
    assert.deepEqual(
      committed[0]?.map(({ request_id, item, asset_id }) => [request_id, item, asset_id]),
      [
        ['b-1', 0, 'a'],
        ['own-7', 0, 'b'],
        ['b-1', 4, 'd'],
      ],
    )
    const { results } = (await ingested({ texts: texts.map((text) => text.replace(padding, '')) }))
      .result
    assert.deepEqual(result.results, results)
  })

  it('is refused as a whole when it contains more values than the limit', async () => {
    const values = (count: number) => reportOf('a', { own: Array(count - 4).fill(0) })
    const most = Array.from({ length: MAX_BATCH_VALUES / 1000 }, () => values(1000))
    assert.equal((await ingested({ texts: most })).result.status, 'success')
    const large = [...most.slice(10), values(9900), values(100)]
    assert.equal((await ingested({ texts: large })).result.status, 'success')
    for (const texts of [
      [...most, '1'],
      [...large, '1'],
      ['1', ...large],
    ]) {
      await assert.rejects(ingested({ texts }), { status: 413, message: 'Too many values' })
    }
  })

  it('limits the number of faults in the response, with at least one per item', async () => {
    const events = Array.from({ length: 40 }, () => ({}))
    const texts = Array.from({ length: 1000 }, (_, index) => reportOf(`t${index}`, { events }))
    const { result } = await ingested({ texts })
    assert.equal(result.counts.refused, 1000)
    const lengths = result.results.map((item) => Object.keys(Object(item).errors).length)
    assert.ok(lengths.every((length) => length >= 2))
    assert.ok(JSON.stringify(result).length < 1024 ** 2)
  })
})

/** The number of turns of the event loop during the work. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let done = false
  const finished = work.finally(() => {
    done = true
  })
  for (let turns = 0; ; turns++) {
    await setImmediate()
    if (done) return finished.then(() => turns)
  }
}
