import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AssetTrackingData, parseAssetTrackingData } from '@modulariot/telemetry'
import { splitReport } from './split-report.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const DATA: AssetTrackingData = { asset_id: 'truck', timestamp: '2026-01-02T03:04:05Z' }

function partsOf(data: AssetTrackingData, text = JSON.stringify(data)) {
  const validation = parseAssetTrackingData(data, { nowMs: NOW_MS })
  assert.ok(validation.ok)
  return splitReport(validation.report, text)
}

/** The measurements of a report with this metrics envelope. */
const metricsOf = (metrics: Omit<NonNullable<AssetTrackingData['metrics']>, 'schema'>) =>
  partsOf({ ...DATA, metrics: { schema: 'miot.metrics@1.0', ...metrics } }).metrics

describe('splitReport', () => {
  it('returns no parts for a minimal report', () => {
    assert.deepEqual(partsOf(DATA), { position: null, metrics: [], events: [] })
  })

  it('reads the horizontal accuracy in both formats', () => {
    const gps = { latitude: 1, longitude: 2 }
    const accuracies = [undefined, 3, { horizontal: 4, vertical: 9 }, { vertical: 9 }, {}]
    const found = accuracies.map((accuracy) => {
      const sent = accuracy === undefined ? gps : { ...gps, accuracy }
      return partsOf({ ...DATA, gps: sent }).position?.accuracy
    })
    assert.deepEqual(found, [null, 3, 4, null, null])
  })

  it('uses the time of the report for a value without its own', () => {
    const items = [
      { k: 'x.a', v: 1 },
      { k: 'x.a', v: 2, ts: '2026-01-02T05:04:04.5+02:00' },
    ]
    const times = metricsOf({ items }).map(({ timestamp_ms }) => timestamp_ms)
    assert.deepEqual(times, [NOW_MS, NOW_MS - 500])
  })

  it('stores both spellings of a key under the canonical one', () => {
    const items = ['lambda', 'emissions.lambda', 'x.lambda'].map((k) => ({ k, v: 1 }))
    const keys = metricsOf({ items }).map(({ key }) => key)
    assert.deepEqual(keys, ['emissions.lambda', 'emissions.lambda', 'x.lambda'])
  })

  it('ignores a sequence that is not a safe integer', () => {
    const items = [{ k: 'x.a', v: 1 }]
    for (const [seq, expected] of [
      [0, 0],
      [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      [Number.MAX_SAFE_INTEGER + 1, null],
      [1e300, null],
    ] as const) {
      assert.equal(metricsOf({ items, seq })[0]?.sequence, expected)
    }
  })

  it('keeps an event as sent, including unknown fields', () => {
    const event = {
      event_type: 'braking',
      timestamp: '2026-01-02T03:04:00Z',
      severity: 'high',
      own: { deep: [1] },
    } as const
    const [found] = partsOf({ ...DATA, events: [event] }).events
    assert.deepEqual(JSON.parse(found?.payload ?? ''), event)
    assert.deepEqual([found?.timestamp_ms, found?.severity], [NOW_MS - 5000, 'high'])
  })

  it('keeps the exact text of an event, including numbers longer than a double', () => {
    const event = '"timestamp":"2026-01-02T03:04:00Z","n":12345678901234567890,"one":1.0'
    const [first, second] = [`{"event_type":"a", ${event}}`, `{ "event_type":"b",${event}\n}`]
    const text = `{"own":{"events":[]},"\\u0065vents": [ ${first},\n${second}],"more":[1,2]}`
    const found = partsOf({ ...DATA, ...JSON.parse(text) }, text).events
    assert.deepEqual(
      found.map(({ event_type, payload }) => [event_type, payload]),
      [
        ['a', first],
        ['b', second],
      ],
    )
    assert.deepEqual(partsOf({ ...DATA, events: [] }, '{"events":[]}').events, [])
  })
})
