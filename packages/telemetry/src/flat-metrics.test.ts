import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseAssetTrackingData } from './parse-asset-tracking-data.ts'
import { BASE, errorsIn, errorsOf, metrics, mutationOf, nowMs, validate } from './testing.ts'

const { timestamp } = BASE
const FLAT = {
  schema_version: '1.0',
  device_id: 'gps-tracker-001',
  timestamp,
  metrics: [
    { key: 'engine.rpm', value: 2500, unit: 'rpm' },
    { key: 'vehicle.speed', value: 65.5, timestamp: '2025-03-14T15:09:20Z' },
  ],
}

const lenient = (body: unknown) => parseAssetTrackingData(body, { nowMs, validation: 'lenient' })

function readOf(body: unknown) {
  const validation = lenient(body)
  assert.ok(validation.ok, JSON.stringify(validation))
  return validation
}

describe('the flat shape, lenient', () => {
  it('is read as a report', () => {
    const { report, warnings } = readOf({ ...FLAT, sequence: 7, metadata: { any: 'thing' } })
    const { asset_id, metrics: envelope } = report.data
    assert.equal(asset_id, 'gps-tracker-001')
    assert.deepEqual(envelope, {
      ...metrics(
        { k: 'engine.rpm', v: 2500, u: 'rpm' },
        { k: 'vehicle.speed', v: 65.5, ts: '2025-03-14T15:09:20Z' },
      ),
      seq: 7,
    })
    assert.deepEqual(
      report.metrics.map(({ timestamp_ms }) => timestamp_ms),
      [Date.parse(timestamp), Date.parse(timestamp) - 6000],
    )
    assert.deepEqual(warnings, {})
  })

  it('may mix the names of both shapes, and keeps the asset_id beside a device_id', () => {
    const items = [
      { k: 'engine.rpm', v: 1, u: 'rpm', q: 'ok' },
      { name: 'x.a', value: 'b' },
    ]
    const { data } = readOf({ ...BASE, device_id: 'unit', metrics: items }).report
    assert.equal(data.asset_id, BASE.asset_id)
    assert.deepEqual(data.metrics?.items, [items[0], { k: 'x.a', v: 'b' }])
    const other = readOf({ device_id: 'unit', timestamp, metrics: metrics({ k: 'x.a', v: 1 }) })
    assert.equal(other.report.data.asset_id, 'unit')
  })

  it('has the time of its newest value where the report has none', () => {
    const at = (second: number) => ({
      key: 'engine.rpm',
      value: 1,
      timestamp: `2025-03-14T15:09:0${second}Z`,
    })
    const { report } = readOf({ device_id: 'a', metrics: [at(1), at(3), at(2)] })
    assert.equal(report.timestamp_ms, Date.parse('2025-03-14T15:09:03Z'))
    const none = lenient({ device_id: 'a', metrics: [{ key: 'engine.rpm', value: 1 }] })
    assert.deepEqual(errorsIn(none), { timestamp: 'is required' })
  })

  it('has a position if its metrics contain one', () => {
    const at = (field: string, value: unknown) => ({ key: `position.${field}`, value })
    const fix = [at('latitude', 37.7), at('longitude', -122.4), at('speed', 65.5)]
    const only = readOf({ ...FLAT, metrics: fix })
    assert.deepEqual(only.report.data.gps, { latitude: 37.7, longitude: -122.4, speed: 65.5 })
    assert.equal(only.report.data.metrics, undefined)
    assert.deepEqual(only.warnings, {})
    const { report } = readOf({ ...FLAT, metrics: [fix[0], FLAT.metrics[0], fix[1]] })
    assert.deepEqual(report.data.gps, { latitude: 37.7, longitude: -122.4 })
    assert.deepEqual(
      report.metrics.map(({ item }) => item.k),
      ['engine.rpm'],
    )
    for (const track of [
      [fix[0]],
      [...fix, ...fix],
      [fix[0], { ...fix[1], timestamp: '2025-03-14T15:09:20Z' }],
    ]) {
      const { data } = readOf({ ...FLAT, metrics: track }).report
      assert.equal(data.gps, undefined)
      assert.equal(data.metrics?.items.length, track.length)
    }
  })

  it('has faults at the paths as sent', () => {
    const latitude = { key: 'position.latitude', value: 95 }
    const longitude = { key: 'position.longitude', value: 1 }
    for (const [change, path] of [
      [{ device_id: ' ' }, 'device_id'],
      [{ timestamp: 'x' }, 'timestamp'],
      [{ metrics: [] }, 'metrics'],
      [{ metrics: [7] }, 'metrics[0]'],
      [{ metrics: [{ key: 'engine.rpm' }] }, 'metrics[0].value'],
      [{ metrics: [longitude, latitude] }, 'metrics[1].value'],
      [{ metrics: [latitude, longitude, { key: 'engine.rpm', value: -1 }] }, 'metrics[0].value'],
      [{ metrics: [{ key: 'engine.rpm', value: 1, unit: 'Hz' }] }, 'metrics[0].unit'],
      [{ metrics: [{ key: 'engine.rpm', value: 1, timestamp: 'x' }] }, 'metrics[0].timestamp'],
      [{ sequence: -1 }, 'sequence'],
    ] as const) {
      assert.equal(Object.keys(errorsIn(lenient({ ...FLAT, ...change })))[0], path)
    }
    const { warnings } = readOf({ ...FLAT, metrics: [{ key: 'engine.mood', value: 'fine' }] })
    assert.deepEqual(Object.keys(warnings), ['metrics[0].key'])
    assert.deepEqual(errorsIn(lenient({ timestamp, metrics: FLAT.metrics })), {
      asset_id: 'is required',
    })
  })

  it('leaves every other body alone', () => {
    const body = { ...BASE, device_id: 'unit', metrics: metrics({ k: 'engine.rpm', v: 1 }) }
    assert.equal(readOf(body).report.data, body)
  })

  it('accepts or refuses any change of it, without an exception', () => {
    fc.assert(fc.property(mutationOf(fc.constant(FLAT)), (body) => void lenient(body)))
  })
})

describe('the flat shape as the metrics of a report, lenient', () => {
  const { device_id, ...inner } = { ...FLAT, sequence: 7 }
  const nested = (change: object, outer: object = BASE) => ({
    ...outer,
    metrics: { ...inner, device_id, ...change },
  })
  const other = '2025-03-14T15:08:00Z'

  it('is read as the metrics of that report', () => {
    const body = { ...nested({}), gps: { latitude: 1, longitude: 2 } }
    const { report, warnings } = readOf(body)
    assert.equal(report.data.asset_id, BASE.asset_id)
    assert.deepEqual(report.data.gps, body.gps)
    assert.deepEqual(report.data.metrics, readOf({ ...FLAT, sequence: 7 }).report.data.metrics)
    assert.deepEqual(warnings, {})
  })

  it('gives its values the time of the body that they are in', () => {
    const { report } = readOf(nested({ timestamp: other }))
    assert.equal(report.timestamp_ms, Date.parse(timestamp))
    assert.deepEqual(
      report.metrics.map(({ timestamp_ms }) => timestamp_ms),
      [Date.parse(other), Date.parse(timestamp) - 6000],
    )
  })

  it('names the asset and the time where the report does not', () => {
    const { data, timestamp_ms } = readOf(nested({ timestamp: other }, {})).report
    assert.deepEqual([data.asset_id, timestamp_ms], [device_id, Date.parse(other)])
    const both = readOf(nested({ asset_id: 'truck' }, {}))
    assert.equal(both.report.data.asset_id, 'truck')
  })

  it('has faults at the paths as sent', () => {
    for (const [change, path, outer] of [
      [{ device_id: ' ' }, 'metrics.device_id', { timestamp }],
      [{ timestamp: 'x' }, 'metrics.timestamp', BASE],
      [{ timestamp: 'x' }, 'metrics.timestamp', { asset_id: 'a' }],
      [{}, 'timestamp', { ...BASE, timestamp: 'x' }],
      [{ metrics: [] }, 'metrics.metrics', BASE],
      [{ metrics: [{ key: 'engine.rpm' }] }, 'metrics.metrics[0].value', BASE],
      [
        { timestamp: other, metrics: [{ k: 'engine.rpm', v: 1, ts: null }] },
        'metrics.metrics[0].ts',
        BASE,
      ],
      [{ sequence: -1 }, 'metrics.sequence', BASE],
    ] as const) {
      const body = nested({ metrics: [FLAT.metrics[0]], ...change }, outer)
      assert.equal(Object.keys(errorsIn(lenient(body)))[0], path)
    }
  })

  it('is left alone beside items', () => {
    const body = { ...BASE, metrics: { ...metrics({ k: 'engine.rpm', v: 1 }), metrics: [] } }
    assert.equal(readOf(body).report.data, body)
  })

  it('accepts or refuses any change of it, without an exception', () => {
    const bodies = fc.constantFrom(nested({}), nested({ timestamp: other }), nested({}, {}))
    fc.assert(fc.property(mutationOf(bodies), (body) => void lenient(body)))
  })

  it('is refused when strict, with what to send instead', () => {
    const errors = errorsIn(validate(nested({ timestamp: other }, { timestamp })))
    const id = errors['metrics.device_id']?.split('asset_id: ')[1]
    const replacement = errors['metrics.metrics']?.split('must be sent as items: ')[1]
    const { ok } = validate({ timestamp, ...JSON.parse(`{${id}, ${replacement}}`) })
    assert.equal(ok, true)
    assert.match(replacement ?? '', new RegExp(`"ts":"${other}"`))
  })
})

describe('the flat shape, strict', () => {
  it('is refused, with what to send instead', () => {
    assert.deepEqual(errorsIn(validate({ ...FLAT, sequence: 7 })), {
      device_id: 'must be sent as asset_id: "asset_id": "gps-tracker-001"',
      metrics:
        'must be an object, not an array: "metrics": {"schema":"miot.metrics@1.0","items":[{"k":"engine.rpm","v":2500,"u":"rpm"},{"k":"vehicle.speed","v":65.5,"ts":"2025-03-14T15:09:20Z"}],"seq":7}',
      asset_id: 'is required',
    })
  })

  it('is accepted once it is replaced so', () => {
    const { device_id, metrics: message } = errorsIn(validate(FLAT))
    const replacement = [device_id?.split('asset_id: ')[1], message?.split('array: ')[1]]
    const { ok } = validate({ ...FLAT, ...JSON.parse(`{${replacement}}`) })
    assert.equal(ok, true)
  })

  it('has a message of bounded length, whatever was sent', () => {
    for (const items of [
      Array(200).fill(FLAT.metrics[0]),
      [{ key: 'x.a', value: 'y'.repeat(10_000) }],
      [{ key: 'x.a', value: { deep: Array(1000).fill(1) } }],
    ]) {
      const message = errorsOf({ metrics: items }).metrics ?? ''
      assert.match(message, /^must be an object, not an array: "metrics": \{"schema":.*, …\]\}$/)
      assert.ok(message.length < 700)
    }
    const id = errorsIn(validate({ ...FLAT, device_id: 'z'.repeat(10_000) })).device_id
    assert.equal(id, 'must be sent as asset_id: "asset_id": the same text')
  })
})
