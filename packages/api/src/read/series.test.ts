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

/**
 * A store that knows the asset `known`, of which it has nothing, and remembers what it was asked.
 */
function createStore() {
  const asked: unknown[][] = []
  const answer =
    (rows: unknown) =>
    async (...question: unknown[]) => {
      asked.push(question.slice(1))
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
  return { asked, deps: { store, charts: createCharts(), signal, confirm } }
}

describe('a list', () => {
  it('is empty where the asset has nothing, and 404 where there is no such asset', async () => {
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
  it('are one series under both spellings of a key', async () => {
    const { asked, deps } = createStore()
    await listMetrics(TENANT, 'known', { key: 'lambda', ...PAGE }, deps)
    const summary = await summarizeMetric(TENANT, 'known', { ...SUMMARY, key: 'lambda' }, deps)
    assert.equal(summary.key, 'emissions.lambda')
    assert.deepEqual(
      asked.map(([, query]) => Object(query).key),
      ['emissions.lambda', 'emissions.lambda'],
    )
  })
})

describe('a summary', () => {
  it('whose token has ended by the time of its turn is refused, and nothing is read', async () => {
    const { asked, deps } = createStore()
    const ended = new Error('the token has ended')
    const first = Promise.withResolvers<void>()
    const turns = [deps.charts.run(TENANT, deps.signal, () => first.promise)]
    turns.push(deps.charts.run(TENANT, deps.signal, () => first.promise))
    let good = true
    const confirm = async (): Promise<void> => {
      if (!good) throw ended
    }
    const waiting = summarizeMetric(TENANT, 'known', SUMMARY, { ...deps, confirm })
    good = false
    first.resolve()
    await assert.rejects(waiting, ended)
    await Promise.all(turns)
    assert.deepEqual(asked, [])
  })
})
