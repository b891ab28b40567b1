import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { START_MS } from '../testing/virtual-time.ts'
import { prepareReport } from './prepare.ts'
import { movedFromFuture, onlyFromFuture, Stamps } from './stamps.ts'

const HOUR = 3_600_000
const at = (ms: number) => new Date(START_MS + ms).toISOString()
const FUTURE = 'INVALID_TIMESTAMP: must not be more than one hour in the future; check the clock'

describe('a refusal', () => {
  it('concerns the clock when every fault is a time in the future', () => {
    assert.ok(onlyFromFuture({ timestamp: FUTURE, 'metrics.items[0].ts': FUTURE }))
    assert.ok(onlyFromFuture({ timestamp: FUTURE, 'X-Request-Timestamp': 'is late' }))
    assert.ok(!onlyFromFuture({ timestamp: FUTURE, asset_id: 'is required' }))
    assert.ok(!onlyFromFuture({ timestamp: 'INVALID_TIMESTAMP: must be an existing date' }))
    assert.ok(!onlyFromFuture({ 'X-Request-Timestamp': 'must not be in the future' }))
    assert.ok(!onlyFromFuture({}))
  })
})

describe('times in the future', () => {
  const body = JSON.stringify({
    timestamp: at(2 * HOUR),
    metrics: { device_ts: at(2 * HOUR), items: [{ ts: at(2 * HOUR - 60_000) }, { ts: at(-HOUR) }] },
    events: [{ timestamp: at(2 * HOUR - 120_000) }, { timestamp: 'none' }],
  })

  it('are moved back by what the clock is ahead, all alike', () => {
    const moved = movedFromFuture(body, { nowMs: START_MS, aheadMs: 2 * HOUR })
    assert.deepEqual(JSON.parse(moved ?? ''), {
      timestamp: at(0),
      metrics: { device_ts: at(0), items: [{ ts: at(-60_000) }, { ts: at(-HOUR) }] },
      events: [{ timestamp: at(-120_000) }, { timestamp: 'none' }],
    })
  })

  it('are moved back to now when the clock has been corrected in between', () => {
    const moved = movedFromFuture(body, { nowMs: START_MS, aheadMs: 0 })
    assert.equal(JSON.parse(moved ?? '').timestamp, at(0))
    assert.equal(JSON.parse(moved ?? '').events[0].timestamp, at(-120_000))
  })

  it('stay when the clock does not explain them, at the push', () => {
    assert.equal(movedFromFuture(body, { nowMs: START_MS, aheadMs: HOUR }, true), null)
    const data = { asset_id: 'T', timestamp: at(24 * HOUR) }
    const options = { nowMs: START_MS, aheadMs: HOUR, validation: 'strict' } as const
    assert.throws(() => prepareReport(data, options), /in the future/)
    const ahead = { ...options, aheadMs: 24 * HOUR }
    assert.equal(JSON.parse(prepareReport(data, ahead).body).timestamp, at(0))
  })

  it('are moved once; a second refusal keeps the report for later', () => {
    const moved: string[] = []
    const trueTime = () => ({ isKnown: true, nowMs: START_MS, aheadMs: 0 })
    const clock = { monotonicMs: () => 0, trueTime, learn: async () => {} }
    const stamps = new Stamps(clock, ({ request_id }) => moved.push(request_id))
    const reports = [{ request_id: 'r1', body }]
    assert.ok(stamps.move(reports))
    assert.ok(!stamps.move(reports))
    assert.ok(stamps.move(reports))
    assert.deepEqual(moved, ['r1', 'r1'])
  })
})

describe('reports of two assets with one request id', () => {
  const reports = ['A', 'B'].map((asset_id) => ({
    request_id: 'tick-1',
    body: JSON.stringify({ asset_id, timestamp: at(2 * HOUR) }),
  }))
  const assetsOf = (sent: readonly { body: string }[]) =>
    sent.map(({ body }) => JSON.parse(body)).map(({ asset_id, timestamp }) => [asset_id, timestamp])

  it('keep their texts when the SDK corrects its guess', async () => {
    let isKnown = false
    let monotonicMs = 60_000
    const trueTime = () => ({ isKnown, nowMs: START_MS, aheadMs: 0 })
    const learn = async () => {
      isKnown = true
    }
    const stamps = new Stamps({ monotonicMs: () => monotonicMs, trueTime, learn })
    for (const report of reports) stamps.stamped(report)
    monotonicMs += 1000
    const sent = await stamps.current(reports)
    assert.deepEqual(assetsOf(sent), [
      ['A', at(-1000)],
      ['B', at(-1000)],
    ])
    assert.deepEqual(await stamps.current(reports), sent)
    stamps.settled(reports.slice(0, 1))
    assert.deepEqual(await stamps.current(reports), [reports[0], sent[1]])
  })

  it('keep them when they are moved back', async () => {
    const trueTime = () => ({ isKnown: true, nowMs: START_MS, aheadMs: 0 })
    const stamps = new Stamps({ monotonicMs: () => 0, trueTime, learn: async () => {} })
    assert.ok(stamps.move(reports))
    assert.deepEqual(assetsOf(await stamps.current(reports)), [
      ['A', at(0)],
      ['B', at(0)],
    ])
  })
})

describe('a report without a time', () => {
  it('gets the time, and is otherwise as it was', () => {
    const options = {
      nowMs: Number.POSITIVE_INFINITY,
      stampMs: START_MS,
      validation: 'strict',
    } as const
    const { body } = prepareReport({ asset_id: 'T' }, { ...options, keyed: true, requestId: 'r' })
    assert.deepEqual(JSON.parse(body), { asset_id: 'T', timestamp: at(0), idempotency_key: 'r' })
  })
})
