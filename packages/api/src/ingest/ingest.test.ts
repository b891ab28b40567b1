import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import { ClientBudget } from '../limits/client-budget.ts'
import { isSealed, unseal } from '../store/packed.ts'
import type { AppendOutcome, Observation } from '../store/store.ts'
import { claimsWith, NOW_MS } from '../testing.ts'
import { HEAVY_BYTES, HeavyReader } from './heavy-reader.ts'
import { type IngestDeps, ingest } from './ingest.ts'

const CLAIMS = claimsWith({ scope: 'asset:track:write', environment: 'development' })
const HEADERS = { 'x-request-id': 'a-1', 'x-request-timestamp': String(NOW_MS / 1000) }
const TEXT = '{ "asset_id": "truck", "timestamp": "2026-01-02T03:04:05.250Z", "own": [1.0] }'

const budget = new ClientBudget({ msPerSecond: 0, burstSeconds: 0 }, Date.now)
const heavy = new HeavyReader(budget)
after(() => heavy.close())

/** Ingests one request with a queue that returns `outcome`, and returns what was queued. */
async function ingested(options: {
  outcome?: AppendOutcome
  text?: string
  headers?: object
  validation?: 'lenient'
  confirm?: () => Promise<void>
}) {
  const { outcome = 'stored', text = TEXT, headers = HEADERS, validation = 'strict' } = options
  const { confirm = async () => {} } = options
  const queued: Observation[] = []
  const commit: IngestDeps['queue']['commit'] = async (one) => {
    queued.push(...(isSealed(one) ? one.pieces.flatMap(unseal) : [one]))
    return outcome
  }
  const body = { bytes: Buffer.from(text), gzip: false, maxBytes: 1024 ** 2 }
  const request = { claims: CLAIMS, headers: { ...headers }, confirm, body }
  const result = await ingest(request, {
    queue: { commit, hold: () => assert.fail(), assertRoom: () => {} },
    heavy,
    budget,
    now: () => NOW_MS,
    validation,
  }).catch((error: unknown) => error)
  return { result, queued }
}

describe('ingest', () => {
  it('queues nothing when the token has expired by then', async () => {
    const ended = new Error('the token has expired')
    const { result, queued } = await ingested({ confirm: () => Promise.reject(ended) })
    assert.equal(result, ended)
    assert.deepEqual(queued, [])
  })

  it('queues one observation, with the tenant of the token and the text as sent', async () => {
    const { queued } = await ingested({})
    assert.deepEqual(queued, [
      {
        org_id: 'org_1',
        environment: 'development',
        client_id: 'client_1',
        request_id: 'a-1',
        item: 0,
        body_digest: createHash('sha256').update(TEXT).digest(),
        asset_id: 'truck',
        type: null,
        timestamp_ms: NOW_MS + 250,
        received_ms: NOW_MS,
        payload: TEXT,
        position: null,
        metrics: [],
        events: [],
      },
    ])
  })

  it('trims the white space around the report, as a batch does', async () => {
    const [alone] = (await ingested({})).queued
    const [line] = (await ingested({ text: `\t ${TEXT}\r\n` })).queued
    assert.deepEqual(line, alone)
  })

  it('stores the type if there is one', async () => {
    const text = JSON.stringify({ ...JSON.parse(TEXT), type: 'truck' })
    assert.equal((await ingested({ text })).queued[0]?.type, 'truck')
  })

  it('returns whether an earlier try was stored', async () => {
    assert.deepEqual((await ingested({ outcome: 'stored' })).result, {
      replayed: false,
      request_id: 'a-1',
      warnings: {},
    })
    assert.deepEqual((await ingested({ outcome: 'replayed' })).result, {
      replayed: true,
      request_id: 'a-1',
      warnings: {},
    })
  })

  it('throws 409 for a request id that was used with another body', async () => {
    const { result } = await ingested({ outcome: 'conflict' })
    assert.ok(result instanceof ApiError)
    assert.equal(result.status, 409)
  })

  it('refuses an unknown metric key, or stores it with a warning', async () => {
    const items = [{ k: 'engine.mood', v: 1 }]
    const body = { ...JSON.parse(TEXT), metrics: { schema: 'miot.metrics@1.0', items } }
    const text = JSON.stringify(body)
    const strict = await ingested({ text })
    assert.ok(strict.result instanceof ValidationError)
    assert.deepEqual(strict.queued, [])
    const { result, queued } = await ingested({ text, validation: 'lenient' })
    assert.match(Object(result).warnings['metrics.items[0].k'], /^UNKNOWN_KEY: /)
    assert.equal(queued[0]?.payload, text)
  })

  it('reports the faults of the headers, and queues nothing', async () => {
    const { result, queued } = await ingested({ headers: {} })
    assert.ok(result instanceof ValidationError)
    assert.deepEqual(result.errors, {
      'X-Request-Id': 'is required',
      'X-Request-Timestamp': 'is required',
    })
    assert.deepEqual(queued, [])
  })

  it('parses a large report like a small one, on the thread', async () => {
    const items = [
      { k: 'engine.rpm', v: 800 },
      { k: 'x.own', v: { deep: [1, 'two', null] } },
    ]
    const events = [{ event_type: 'e', timestamp: '2026-01-02T03:04:05Z', own: 1.0 }]
    const metrics = { schema: 'miot.metrics@1.0', items, seq: 7 }
    const gps = { latitude: 1, longitude: 2 }
    const body = { ...JSON.parse(TEXT), type: 'truck', gps, metrics, events }
    const small = (await ingested({ text: JSON.stringify(body) })).queued[0]
    const text = JSON.stringify({ ...body, padding: 'ñ'.repeat(HEAVY_BYTES) })
    const [large] = (await ingested({ text })).queued
    assert.ok(large !== undefined && Buffer.isBuffer(large.body_digest))
    const body_digest = createHash('sha256').update(text).digest()
    assert.deepEqual(large, { ...small, payload: text, body_digest })
  })

  it('refuses a large report like a small one', async () => {
    const faulty = (padding: string) =>
      JSON.stringify({ ...JSON.parse(TEXT), gps: { latitude: 91 }, padding })
    const large = 'x'.repeat(HEAVY_BYTES)
    const headers = { 'x-request-id': 'a-1' }
    for (const text of [faulty, (padding: string) => `{"a":1,"a":"${padding}"}`]) {
      const { result } = await ingested({ text: text(''), headers })
      assert.ok(result instanceof Error)
      assert.deepEqual((await ingested({ text: text(large), headers })).result, result)
    }
  })
})
