import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssetTrackingData, METRIC_KEY_PATTERN } from './asset-tracking-data.ts'
import { BASE, EVENT, errorsOf, GPS, metrics, RPM, validate } from './testing.ts'

describe('the schema of the track body', () => {
  const json = JSON.parse(JSON.stringify(AssetTrackingData))

  it('is plain JSON Schema, as OpenAPI needs it', () => {
    assert.equal(json.type, 'object')
    assert.deepEqual(json.required, ['asset_id', 'timestamp'])
    assert.equal(json.properties.timestamp.format, 'date-time')
    assert.equal(JSON.stringify(json).includes('~kind'), false)
  })

  it('leaves every object open, so that unknown fields are kept', () => {
    assert.doesNotMatch(JSON.stringify(json), /additionalProperties|unevaluatedProperties/)
  })

  it('requires only the two coordinates of a position', () => {
    assert.deepEqual(json.properties.gps.required, ['latitude', 'longitude'])
  })
})

describe('the pattern of metric keys', () => {
  const pattern = new RegExp(METRIC_KEY_PATTERN)
  for (const key of ['engine.rpm', 'a.b', 'a.b.c.d.e.f', 'x.vendor_1.din1', 'lambda', 'a1.b_']) {
    it(`accepts ${key}`, () => assert.match(key, pattern))
  }
  for (const key of [
    'engine',
    'odometer',
    'a.b.c.d.e.f.g',
    'Engine.rpm',
    'engine..rpm',
    '.a.b',
    'a.b.',
    '1a.b',
    'a.1b',
    'a b.c',
    'a.b\n',
    'lambda.',
    'é.b',
    '',
  ]) {
    it(`refuses ${JSON.stringify(key)}`, () => assert.doesNotMatch(key, pattern))
  }
})

describe('ranges', () => {
  type FieldsOf = (value: unknown) => object
  const acceleration: Record<string, FieldsOf> = {}
  for (const axis of ['x_axis', 'y_axis', 'z_axis']) {
    acceleration[axis] = (value) => ({ sensors: { acceleration: { [axis]: value } } })
  }
  const gyroscope: Record<string, FieldsOf> = {}
  for (const axis of ['rotation_rate_x', 'rotation_rate_y', 'rotation_rate_z']) {
    gyroscope[axis] = (value) => ({ sensors: { gyroscope: { [axis]: value } } })
  }
  const inGps = (field: string, value: unknown) => ({ gps: { ...GPS, [field]: value } })
  const inEvent = (field: string, value: unknown) => ({
    events: [{ ...EVENT, additional_info: { [field]: value } }],
  })

  const rows: [path: string, min: number, max: number, unit: string, fieldsOf: FieldsOf][] = [
    ['gps.latitude', -90, 90, 'degrees', (v) => inGps('latitude', v)],
    ['gps.longitude', -180, 180, 'degrees', (v) => inGps('longitude', v)],
    ['gps.heading', 0, 360, 'degrees', (v) => inGps('heading', v)],
    ['gps.speed', 0, Infinity, 'km/h', (v) => inGps('speed', v)],
    ['gps.altitude', -Infinity, Infinity, 'm', (v) => inGps('altitude', v)],
    ['gps.accuracy', 0, Infinity, 'm', (v) => inGps('accuracy', v)],
    ['gps.accuracy.horizontal', 0, Infinity, 'm', (v) => inGps('accuracy', { horizontal: v })],
    ['gps.accuracy.vertical', 0, Infinity, 'm', (v) => inGps('accuracy', { vertical: v })],
    [
      'sensors.acceleration.g_force',
      0,
      5,
      'g',
      (v) => ({ sensors: { acceleration: { g_force: v } } }),
    ],
    ['sensors.odometer', 0, Infinity, 'km', (v) => ({ sensors: { odometer: v } })],
    [
      'sensors.odometer.total_distance',
      0,
      Infinity,
      'km',
      (v) => ({ sensors: { odometer: { total_distance: v } } }),
    ],
    ['events[0].additional_info.g_force', 0, 5, 'g', (v) => inEvent('g_force', v)],
    [
      'events[0].additional_info.speed_at_event',
      0,
      250,
      'km/h',
      (v) => inEvent('speed_at_event', v),
    ],
    ['events[0].additional_info.cargo_weight', 0, 20_000, 'kg', (v) => inEvent('cargo_weight', v)],
    ...Object.entries(acceleration).map(
      ([axis, fieldsOf]): [string, number, number, string, FieldsOf] => [
        `sensors.acceleration.${axis}`,
        -3,
        3,
        'g',
        fieldsOf,
      ],
    ),
    ...Object.entries(gyroscope).map(
      ([axis, fieldsOf]): [string, number, number, string, FieldsOf] => [
        `sensors.gyroscope.${axis}`,
        -10,
        10,
        'rad/s',
        fieldsOf,
      ],
    ),
  ]

  for (const [path, min, max, unit, fieldsOf] of rows) {
    it(`${path} is from ${min} to ${max} ${unit}`, () => {
      const edges = [min, max].map((edge) =>
        Number.isFinite(edge) ? edge : Math.sign(edge) * 1e12,
      )
      for (const edge of edges) assert.deepEqual(errorsOf(fieldsOf(edge)), {})
      if (Number.isFinite(min))
        assert.deepEqual(Object.keys(errorsOf(fieldsOf(min - 0.001))), [path])
      if (Number.isFinite(max))
        assert.deepEqual(Object.keys(errorsOf(fieldsOf(max + 0.001))), [path])
      for (const wrong of [Number.NaN, Infinity, true, null]) {
        assert.match(
          errorsOf(fieldsOf(wrong))[path] ?? '',
          new RegExp(`^must be a number.* ${unit}`),
        )
      }
    })
  }

  const whole: [path: string, min: number, max: number, fieldsOf: FieldsOf][] = [
    ['year', 1886, 2100, (v) => ({ year: v })],
    ['gps.satellites', 0, Infinity, (v) => inGps('satellites', v)],
    ['metrics.seq', 0, Infinity, (v) => ({ metrics: { ...metrics(RPM), seq: v } })],
  ]
  for (const [path, min, max, fieldsOf] of whole) {
    it(`${path} is a whole number from ${min} to ${max}`, () => {
      assert.deepEqual(errorsOf(fieldsOf(min)), {})
      assert.deepEqual(errorsOf(fieldsOf(Math.min(max, 1e12))), {})
      const wrong = [min - 1, min + 0.5, String(min), ...(Number.isFinite(max) ? [max + 1] : [])]
      for (const value of wrong) assert.deepEqual(Object.keys(errorsOf(fieldsOf(value))), [path])
    })
  }
})

describe('required fields', () => {
  const cases: [body: unknown, path: string][] = [
    [{ timestamp: BASE.timestamp }, 'asset_id'],
    [{ asset_id: 'A' }, 'timestamp'],
    [{ ...BASE, gps: { latitude: 1 } }, 'gps.longitude'],
    [{ ...BASE, gps: { longitude: 1 } }, 'gps.latitude'],
    [{ ...BASE, metrics: { items: [RPM] } }, 'metrics.schema'],
    [{ ...BASE, metrics: { schema: 'miot.metrics@1.0' } }, 'metrics.items'],
    [{ ...BASE, metrics: metrics({ v: 1 }) }, 'metrics.items[0].k'],
    [{ ...BASE, metrics: metrics({ k: 'engine.rpm' }) }, 'metrics.items[0].v'],
    [{ ...BASE, events: [{ timestamp: BASE.timestamp }] }, 'events[0].event_type'],
    [{ ...BASE, events: [{ event_type: 'a' }] }, 'events[0].timestamp'],
  ]
  for (const [body, path] of cases) {
    it(`${path} is required`, () => {
      assert.deepEqual(validate(body), { ok: false, errors: { [path]: 'is required' } })
    })
  }

  it('an empty body is reported for both fields', () => {
    const errors = { asset_id: 'is required', timestamp: 'is required' }
    assert.deepEqual(validate({}), { ok: false, errors })
  })

  for (const body of [null, undefined, [], 'text', 5, true, [BASE]]) {
    it(`${JSON.stringify(body)} is not a body`, () => {
      const validation = validate(body)
      assert.equal(validation.ok, false)
      assert.match((!validation.ok && validation.errors.body) || '', /^must be a JSON object/)
    })
  }
})

describe('types of fields', () => {
  const accepted: Record<string, object> = {
    'an owner as a name': { owner: 'Company ABC' },
    'an owner as an object': { owner: { name: 'Company ABC', id: 7 } },
    'peripherals as an array': { peripherals: [{ kind: 'rfid' }, 'camera'] },
    'peripherals as an object': { peripherals: { dashcam: { status: true } } },
    'an empty accuracy': { gps: { ...GPS, accuracy: {} } },
    'an engine off as 0': { sensors: { engine_status: 0 } },
    'an engine on as 1': { sensors: { engine_status: 1 } },
    'an engine on as true': { sensors: { engine_status: true } },
    'capabilities as keys': { metrics: { ...metrics(RPM), capabilities: ['engine.rpm'] } },
    'capabilities as an object': { metrics: { ...metrics(RPM), capabilities: { can: { v: 2 } } } },
    'an event of an unknown type': { events: [{ ...EVENT, event_type: 'tyre_pressure' }] },
    'no events': { events: [] },
    'a year written as 2020.0': JSON.parse('{"year":2020.0}'),
  }
  for (const [what, fields] of Object.entries(accepted)) {
    it(`accepted: ${what}`, () => assert.deepEqual(errorsOf(fields), {}))
  }

  const refused: [fields: object, path: string, message: RegExp][] = [
    [{ asset_id: '' }, 'asset_id', /not blank/],
    [{ asset_id: ' \t\u00a0' }, 'asset_id', /not blank/],
    [{ asset_id: 'a'.repeat(256) }, 'asset_id', /1 to 255 characters/],
    [{ asset_id: '.' }, 'asset_id', /no URL can contain/],
    [{ asset_id: '..' }, 'asset_id', /no URL can contain/],
    [{ asset_id: 5 }, 'asset_id', /must be a string/],
    [{ asset_id: null }, 'asset_id', /not blank, not null$/],
    [{ type: 5 }, 'type', /^must be a string of at most 255 characters$/],
    [{ type: 't'.repeat(256) }, 'type', /^must be a string of at most 255 characters$/],
    [{ owner: 5 }, 'owner', /^must be a string or an object$/],
    [{ gps: null }, 'gps', /^must be an object, not null; leave it out/],
    [{ gps: [] }, 'gps', /^must be an object$/],
    [{ telecom: 'x' }, 'telecom', /^must be an object$/],
    [{ driver_info: [] }, 'driver_info', /^must be an object$/],
    [{ co_driver_info: 1 }, 'co_driver_info', /^must be an object$/],
    [{ peripherals: 'x' }, 'peripherals', /^must be an object or an array$/],
    [{ gps: { ...GPS, accuracy: 'x' } }, 'gps.accuracy', /a number of at least 0 m or an object$/],
    [{ sensors: { engine_status: 2 } }, 'sensors.engine_status', /^must be 0, 1, true or false$/],
    [
      { sensors: { engine_status: 'on' } },
      'sensors.engine_status',
      /^must be 0, 1, true or false$/,
    ],
    [{ events: {} }, 'events', /^must be an array of at most 200 items$/],
    [{ events: Array(201).fill(EVENT) }, 'events', /at most 200 items/],
    [{ events: [EVENT, 5] }, 'events[1]', /^must be an object$/],
    [{ events: [{ ...EVENT, event_type: ' ' }] }, 'events[0].event_type', /not blank/],
    [{ events: [{ ...EVENT, severity: 'HIGH' }] }, 'events[0].severity', /low, medium or high$/],
    [
      { metrics: { ...metrics(RPM), schema: 'miot.metrics@2.0' } },
      'metrics.schema',
      /"miot.metrics@1.0"/,
    ],
    [{ metrics: metrics() }, 'metrics.items', /1 to 200 items/],
    [{ metrics: metrics(...Array(201).fill(RPM)) }, 'metrics.items', /1 to 200 items/],
    [{ metrics: metrics(RPM, 5) }, 'metrics.items[1]', /^TYPE_MISMATCH: must be an object$/],
    [
      { metrics: metrics({ ...RPM, k: 5 }) },
      'metrics.items[0].k',
      /^UNKNOWN_KEY: must be a string/,
    ],
    [
      { metrics: metrics({ ...RPM, u: 5 }) },
      'metrics.items[0].u',
      /^UNIT_MISMATCH: must be a string/,
    ],
    [{ metrics: metrics({ ...RPM, q: 'good' }) }, 'metrics.items[0].q', /^TYPE_MISMATCH: .*stale/],
    [
      { metrics: metrics({ ...RPM, src: 'gps' }) },
      'metrics.items[0].src',
      /^TYPE_MISMATCH: .*j1939/,
    ],
    [
      { metrics: metrics({ ...RPM, meta: 5 }) },
      'metrics.items[0].meta',
      /^TYPE_MISMATCH: must be an object$/,
    ],
    [
      { metrics: { ...metrics(RPM), capabilities: ['a', 5] } },
      'metrics.capabilities[1]',
      /a string$/,
    ],
    [
      { metrics: { ...metrics(RPM), capabilities: 5 } },
      'metrics.capabilities',
      /an array or an object$/,
    ],
  ]
  for (const [fields, path, message] of refused) {
    it(`refused: ${path} of ${JSON.stringify(fields).slice(0, 60)}`, () => {
      const errors = errorsOf(fields)
      assert.deepEqual(Object.keys(errors), [path])
      assert.match(errors[path] ?? '', message)
    })
  }

  it('accepts 200 items and 200 events', () => {
    const full = { metrics: metrics(...Array(200).fill(RPM)), events: Array(200).fill(EVENT) }
    assert.deepEqual(errorsOf(full), {})
  })

  it('counts code points: 255 lorries fit in an asset_id', () => {
    assert.deepEqual(errorsOf({ asset_id: '🚚'.repeat(255) }), {})
    assert.deepEqual(Object.keys(errorsOf({ asset_id: '🚚'.repeat(256) })), ['asset_id'])
  })
})
