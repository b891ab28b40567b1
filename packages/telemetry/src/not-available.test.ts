import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { METRIC_REGISTRY } from './metric-registry.ts'
import { errorsOf, metrics } from './testing.ts'

/** The fault of one value. */
const faultOf = (k: string, v: unknown): string =>
  errorsOf({ metrics: metrics({ k, v }) })['metrics.items[0].v'] ?? ''

describe('a value that stands for none', () => {
  it('is refused with a message that names q "missing"', () => {
    for (const [key, value] of [
      ['fuel.level', 0xff],
      ['fuel.level', 0xfe],
      ['fuel.level', 102],
      ['fuel.level', 101.6],
      ['engine.coolant_temp', 215],
      ['engine.rpm', 0xffff],
      ['engine.rpm', 0xfe00],
      ['engine.rpm', 8191.875],
      ['battery.voltage', 3276.75],
      ['engine.torque_pct', 130],
    ] as const) {
      const fault = faultOf(key, value)
      assert.match(fault, /^OUT_OF_BOUNDS: .* must be between /, key)
      assert.ok(
        fault.endsWith(`; the bus sends ${value} for no value: send v null with q "missing"`),
        fault,
      )
    }
  })

  it('is what the message says to send', () => {
    const items = metrics({ k: 'fuel.level', v: null, q: 'missing' })
    assert.deepEqual(errorsOf({ metrics: items }), {})
  })

  it('is not suspected in other values that are out of bounds', () => {
    for (const [key, value] of [
      ['fuel.level', 101],
      ['fuel.level', 253],
      ['fuel.level', 255.5],
      ['engine.rpm', 8001],
      ['engine.rpm', 0xfdff],
      ['engine.rpm', 0x10000],
      ['engine.rpm', -1],
    ] as const) {
      assert.match(faultOf(key, value), /^OUT_OF_BOUNDS: [^;]*$/, `${key} ${value}`)
    }
  })

  it('is accepted where it is within the bounds', () => {
    for (const { key, type, min = -Infinity, max = Infinity } of METRIC_REGISTRY) {
      if (type !== 'number') continue
      for (const value of [0xfe, 0xff, 0xfe00, 0xffff]) {
        assert.equal(faultOf(key, value) === '', value >= min && value <= max, `${key} ${value}`)
      }
    }
    assert.equal(faultOf('vehicle.speed', 255), '')
  })

  it('is named for a position too', () => {
    const gps = { latitude: 91, longitude: 181 }
    const missing = 'leave gps out (a metric has q "missing" for it)'
    assert.deepEqual(errorsOf({ gps }), {
      'gps.latitude': `must be between -90 and 90 degrees; 91 stands for no position: ${missing}`,
      'gps.longitude': `must be between -180 and 180 degrees; 181 stands for no position: ${missing}`,
    })
    assert.deepEqual(errorsOf({ gps: { latitude: 91.5, longitude: 180 } }), {
      'gps.latitude': 'must be between -90 and 90 degrees',
    })
  })
})

describe('a common mistake gets one clear sentence:', () => {
  const timestamps = {
    timestamp: (sent: unknown) => ({ timestamp: sent }),
    'metrics.items[0].ts': (sent: unknown) => ({ metrics: metrics({ k: 'x.a', v: 1, ts: sent }) }),
    'metrics.device_ts': (sent: unknown) => ({
      metrics: { ...metrics({ k: 'x.a', v: 1 }), device_ts: sent },
    }),
  }
  for (const [path, fieldsOf] of Object.entries(timestamps)) {
    it(`${path} with +0000, or as Unix time`, () => {
      const example = 'such as 2025-03-14T15:09:26Z'
      for (const zone of ['+0000', '-0300', '+00']) {
        assert.deepEqual(errorsOf(fieldsOf(`2025-03-14T15:09:26${zone}`)), {
          [path]: `INVALID_TIMESTAMP: must have its zone as Z or ±hh:mm, not ${zone}, ${example}`,
        })
      }
      for (const unix of ['1741964966', '1741964966.5', '1741964966000']) {
        assert.deepEqual(errorsOf(fieldsOf(unix)), {
          [path]: `INVALID_TIMESTAMP: must be ISO 8601 with zone, not Unix time, ${example}`,
        })
      }
      for (const unix of [1741964966, 1741964966.5, 1741964966000]) {
        assert.deepEqual(errorsOf(fieldsOf(unix)), {
          [path]: `INVALID_TIMESTAMP: must be a string, an ISO 8601 timestamp with zone ${example}, not Unix time`,
        })
      }
    })
  }

  it('a value of null', () => {
    assert.equal(
      faultOf('engine.rpm', null),
      'TYPE_MISMATCH: engine.rpm must be a number between 0 and 8000 rpm, not null; null is only for q "missing" or "invalid"',
    )
    assert.equal(faultOf('x.own', null), '')
  })

  it('another field of null', () => {
    const items = metrics({ k: 'engine.rpm', v: 1, u: null, ts: null })
    assert.deepEqual(errorsOf({ metrics: items }), {
      'metrics.items[0].u':
        'UNIT_MISMATCH: must be a string of at most 255 characters, not null; leave it out when there is no value',
      'metrics.items[0].ts':
        'INVALID_TIMESTAMP: must be a string, an ISO 8601 timestamp with zone such as 2025-03-14T15:09:26Z, not null; leave it out when there is no value',
    })
  })
})
