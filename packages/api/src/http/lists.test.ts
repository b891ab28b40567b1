import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import { createCharts } from '../read/charts.ts'
import type { Asset, TelemetryStore, Tenant } from '../store/store.ts'
import { eventsPage, metricsPage, positionsPage } from './lists.ts'

const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
const NOW_MS = Date.UTC(2026, 0, 2)
const DAY = '2026-01-01T00:00:00Z'

/** A store that has only the asset `known`, returns the given rows or none, and records calls. */
function createStore(answers: Partial<Record<keyof TelemetryStore, unknown>> = {}) {
  const calls: unknown[][] = []
  const empty = { rows: [], next: null }
  const answer =
    (name: keyof TelemetryStore, otherwise: unknown) =>
    async (...args: unknown[]) => {
      calls.push(args.slice(1))
      return answers[name] ?? otherwise
    }
  const store = {
    positions: answer('positions', empty),
    metrics: answer('metrics', empty),
    events: answer('events', empty),
    metricBuckets: answer('metricBuckets', []),
    latestMetrics: answer('latestMetrics', empty),
    findAsset: async (_tenant: Tenant, id: string) => (id === 'known' ? ({} as Asset) : null),
  } as unknown as TelemetryStore
  const { signal } = new AbortController()
  const confirm = async (): Promise<void> => {}
  return { calls, deps: { store, now: () => NOW_MS, charts: createCharts(), signal, confirm } }
}

type List = (asset_id: string, query: Record<string, unknown>) => Promise<object>

function lists(deps: ReturnType<typeof createStore>['deps']): Record<string, List> {
  return {
    positions: (id, query) => positionsPage(TENANT, id, query, deps),
    metrics: (id, query) => metricsPage(TENANT, id, { key: 'engine.rpm', ...query }, deps),
    events: (id, query) => eventsPage(TENANT, id, query, deps),
  }
}

async function assertRefused(promise: Promise<unknown>, status: number, message: string) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.message], [status, message])
    return true
  })
}

for (const name of ['positions', 'metrics', 'events'] as const) {
  describe(`a page of ${name}`, () => {
    it('passes the period, the order and the cursor to the store, and returns the next cursor', async () => {
      const next = { positions: [5, -2], metrics: [5, 0, 1, 2], events: [5, 6, 7] }[name]
      const { calls, deps } = createStore({ [name]: { rows: [], next } })
      const list = lists(deps)[name] as List
      const query = { from: DAY, to: '2026-01-01T01:00:00 01:00', order: 'desc', limit: '7' }
      await assertRefused(list('known', query), 400, 'Invalid from')
      query.to = '2026-01-02T01:00:00 01:00'
      const page = (await list('known', query)) as { next_cursor: string }
      await list('known', { ...query, cursor: page.next_cursor })
      const last = calls.at(-1)?.at(-1) as Record<string, unknown>
      assert.equal(last.from_ms, Date.parse(DAY))
      assert.equal(last.to_ms, Date.parse('2026-01-02T00:00:00Z'))
      assert.deepEqual([last.newestFirst, last.limit, last.after], [true, 7, next])
    })

    it('refuses a cursor of another list, of the other direction, or truncated', async () => {
      const next = { positions: [5, 5], metrics: [5, 5, 5, 5], events: [5, 5, 5] }[name]
      const { deps } = createStore({ [name]: { rows: [], next } })
      const all = lists(deps)
      const { next_cursor: cursor } = Object(await all[name]?.('known', {}))
      await all[name]?.('known', { cursor })
      const refused = (list: List, query: object) =>
        assertRefused(list('known', { ...query }), 400, 'Invalid cursor')
      for (const other of Object.keys(all).filter((one) => one !== name)) {
        await refused(all[other] as List, { cursor })
      }
      await refused(all[name] as List, { cursor, order: 'desc' })
      for (const wrong of [cursor.slice(0, -4), `${cursor}AAAA`, '', 'x y', [cursor, cursor]]) {
        await refused(all[name] as List, { cursor: wrong })
      }
    })

    it('throws 404 for an unknown asset, and is empty for an asset without rows', async () => {
      const list = lists(createStore().deps)[name] as List
      await assertRefused(list('unknown', {}), 404, 'Not found')
      assert.equal(Object(await list('known', {})).next_cursor, null)
    })

    it('refuses invalid parameters', async () => {
      const list = lists(createStore().deps)[name] as List
      for (const [parameter, values] of Object.entries({
        limit: ['0', '1001', 'x', ''],
        from: ['yesterday', '2026-01-01', '1767225600', ['a', 'b'], ''],
        to: ['2026-02-30T00:00:00Z'],
        order: ['up', ''],
      })) {
        for (const value of values) {
          await assertRefused(list('known', { [parameter]: value }), 400, `Invalid ${parameter}`)
        }
      }
    })
  })
}

describe('metrics', () => {
  it('without a key are the newest of each, and accept no filter', async () => {
    const row = { key: 'engine.rpm', timestamp_ms: 0, sequence: 3, value: 1, unit: null }
    const { deps } = createStore({
      latestMetrics: { rows: [{ ...row, source: null, quality: 'ok' }], next: null },
    })
    assert.deepEqual(await metricsPage(TENANT, 'known', {}, deps), {
      asset_id: 'known',
      metrics: [
        {
          key: 'engine.rpm',
          timestamp: '1970-01-01T00:00:00.000Z',
          seq: 3,
          value: 1,
          unit: null,
          source: null,
          quality: 'ok',
        },
      ],
      next_cursor: null,
    })
    await assertRefused(metricsPage(TENANT, 'known', { from: DAY }, deps), 400, 'Invalid key')
    await assertRefused(metricsPage(TENANT, 'known', { bucket: '5m' }, deps), 400, 'Invalid key')
  })

  it('of many keys come in pages, whose cursor is valid for no other list', async () => {
    const { calls, deps } = createStore({ latestMetrics: { rows: [], next: 'x.own' } })
    const { next_cursor: cursor } = Object(await metricsPage(TENANT, 'known', {}, deps))
    await metricsPage(TENANT, 'known', { cursor }, deps)
    assert.deepEqual(
      calls.map(([, after]) => after),
      [null, 'x.own'],
    )
    const ofKey = metricsPage(TENANT, 'known', { key: 'engine.rpm', cursor }, deps)
    await assertRefused(ofKey, 400, 'Invalid cursor')
    const other = createStore({ metrics: { rows: [], next: [5, 0, 1, 2] } }).deps
    const page = Object(await metricsPage(TENANT, 'known', { key: 'engine.rpm' }, other))
    const wrong = metricsPage(TENANT, 'known', { cursor: page.next_cursor }, other)
    await assertRefused(wrong, 400, 'Invalid cursor')
  })

  it('are summarized in buckets, up to now by default', async () => {
    const { calls, deps } = createStore()
    const query = { key: 'engine.rpm', bucket: '5m', from: DAY }
    assert.deepEqual(await metricsPage(TENANT, 'known', query, deps), {
      asset_id: 'known',
      key: 'engine.rpm',
      bucket: '5m',
      buckets: [],
    })
    const from_ms = Date.parse(DAY)
    const expected = { key: 'engine.rpm', from_ms, to_ms: NOW_MS, bucketMs: 300_000 }
    assert.deepEqual(calls[0]?.[1], { ...expected, signal: deps.signal })
  })

  it('refuses an invalid bucket, and one too short with the shortest valid one', async () => {
    const { deps } = createStore()
    const page = (query: object) =>
      metricsPage(TENANT, 'known', { key: 'engine.rpm', bucket: '1s', from: DAY, ...query }, deps)
    for (const bucket of ['0m', '5', 'm', '5w', '-5m', '100000s', '1.5h', '']) {
      await assertRefused(page({ bucket }), 400, 'Invalid bucket')
    }
    await assert.rejects(page({}), /Invalid bucket/)
    await assert.rejects(page({}), (error: ApiError) => /at least 44s/.test(error.detail))
    await page({ bucket: '44s' })
    const to = (minutes: number) => new Date(Date.parse(DAY) + minutes * 60_000).toISOString()
    await page({ bucket: '1m', to: to(2000) })
    await assertRefused(page({ bucket: '1m', to: to(2000.5) }), 400, 'Invalid bucket')
    // The bucket that the message suggests is accepted.
    for (const years of [1, 100, 900]) {
      const period = { from: '1000-01-01T00:00:00Z', to: `${1000 + years}-01-01T00:00:00Z` }
      const error = await page(period).catch((refusal: ApiError) => refusal)
      const [, bucket] = /at least (\w+) for/.exec((error as ApiError).detail) ?? []
      await page({ ...period, bucket })
    }
    await assertRefused(page({ from: undefined }), 400, 'Invalid from')
    await assertRefused(page({ from: '2026-01-03T00:00:00Z' }), 400, 'Invalid from')
    await assertRefused(page({ bucket: '1h', limit: '5' }), 400, 'Invalid limit')
  })
})

describe('events', () => {
  it('are returned as stored, with their asset', async () => {
    const row = { asset_id: 'known', event_type: 'a', timestamp_ms: 0, severity: null }
    const rows = [{ ...row, payload: '{"event_type":"a"}' }]
    const { deps } = createStore({ events: { rows, next: null } })
    const page = await eventsPage(TENANT, undefined, {}, deps)
    assert.deepEqual(page, { events: rows, next_cursor: null })
  })

  it('can be those of all assets, filtered by type and severity', async () => {
    const { calls, deps } = createStore()
    await eventsPage(TENANT, undefined, { type: 'harsh_braking', severity: 'high' }, deps)
    const { asset_id, event_type, severity } = Object(calls[0]?.[0])
    assert.deepEqual([asset_id, event_type, severity], [undefined, 'harsh_braking', 'high'])
    const wrong = eventsPage(TENANT, undefined, { severity: 'huge' }, deps)
    await assertRefused(wrong, 400, 'Invalid severity')
  })
})
