import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ApiError } from '../errors/api-error.ts'
import type { Asset, TelemetryStore, Tenant } from '../store/store.ts'
import { createCharts } from './charts.ts'
import {
  listEvents,
  listLatestMetrics,
  listMetrics,
  listPositions,
  summarizeMetric,
} from './series.ts'

const TENANT: Tenant = { org_id: 'org_1', environment: 'production' }
const PAGE = { after: null, limit: 50 }
const SUMMARY = { key: 'engine.rpm', from_ms: 0, to_ms: 3_600_000, bucketMs: 60_000 }

/** A store that has only the asset `known`, without rows, and records calls. */
function createStore() {
  const calls: unknown[][] = []
  const answer =
    (rows: unknown) =>
    async (...args: unknown[]) => {
      calls.push(args.slice(1))
      return rows
    }
  const empty = { rows: [], next: null }
  const store = {
    positions: answer(empty),
    metrics: answer(empty),
    events: answer(empty),
    metricBuckets: answer([]),
    latestMetrics: answer(empty),
    findAsset: async (_tenant: Tenant, id: string) => (id === 'known' ? ({} as Asset) : null),
  } as unknown as TelemetryStore
  const { signal } = new AbortController()
  const confirm = async (): Promise<void> => {}
  return { calls, deps: { store, charts: createCharts(), signal, confirm } }
}

describe('a list', () => {
  it('is empty for an asset without rows, and 404 for an unknown asset', async () => {
    const { deps } = createStore()
    const lists: ((asset_id: string) => Promise<object>)[] = [
      (id) => listPositions(TENANT, id, PAGE, deps),
      (id) => listMetrics(TENANT, id, { key: 'engine.rpm', ...PAGE }, deps),
      (id) => listLatestMetrics(TENANT, id, null, deps),
      (id) => summarizeMetric(TENANT, id, SUMMARY, deps),
      (id) => listEvents(TENANT, { asset_id: id, ...PAGE }, deps),
    ]
    for (const list of lists) {
      await list('known')
      await assert.rejects(
        list('unknown'),
        (error) => error instanceof ApiError && error.status === 404,
      )
    }
    assert.deepEqual(await listEvents(TENANT, PAGE, deps), { rows: [], next: null })
  })
})

describe('metrics', () => {
  it('of both spellings of a key are one series', async () => {
    const { calls, deps } = createStore()
    await listMetrics(TENANT, 'known', { key: 'lambda', ...PAGE }, deps)
    const summary = await summarizeMetric(TENANT, 'known', { ...SUMMARY, key: 'lambda' }, deps)
    assert.equal(summary.key, 'emissions.lambda')
    assert.deepEqual(
      calls.map(([, query]) => Object(query).key),
      ['emissions.lambda', 'emissions.lambda'],
    )
  })
})

describe('a summary', () => {
  it('whose token expires before its turn is refused, and nothing is read', async () => {
    const { calls, deps } = createStore()
    const ended = new Error('the token has expired')
    const first = Promise.withResolvers<void>()
    const turns = [deps.charts.run(TENANT, deps.signal, () => first.promise)]
    turns.push(deps.charts.run(TENANT, deps.signal, () => first.promise))
    let isGood = true
    const confirm = async (): Promise<void> => {
      if (!isGood) throw ended
    }
    const waiting = summarizeMetric(TENANT, 'known', SUMMARY, { ...deps, confirm })
    isGood = false
    first.resolve()
    await assert.rejects(waiting, ended)
    await Promise.all(turns)
    assert.deepEqual(calls, [])
  })
})
