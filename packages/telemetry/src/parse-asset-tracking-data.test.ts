import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ASSET_TRACKING_EXAMPLES } from './examples.ts'
import { readFlat } from './flat-metrics.ts'
import { parseAssetTrackingData } from './parse-asset-tracking-data.ts'
import {
  BASE,
  EVENT,
  errorsIn,
  errorsOf,
  GPS,
  metrics,
  mutationOf,
  nowMs,
  RPM,
  validate,
} from './testing.ts'

describe('timestamps', () => {
  const places: Record<string, (text: unknown) => object> = {
    timestamp: (text) => ({ timestamp: text }),
    'metrics.device_ts': (text) => ({ metrics: { ...metrics(RPM), device_ts: text } }),
    'metrics.items[1].ts': (text) => ({ metrics: metrics(RPM, { ...RPM, ts: text }) }),
    'events[1].timestamp': (text) => ({ events: [EVENT, { ...EVENT, timestamp: text }] }),
  }
  for (const [path, place] of Object.entries(places)) {
    it(`${path} accepts past dates and dates up to one hour ahead, and refuses invalid ones`, () => {
      for (const text of [
        '1999-12-31T23:59:59Z',
        '2025-06-01T13:00:00Z',
        '2025-06-01T10:00:00-03:00',
      ]) {
        assert.deepEqual(errorsOf(place(text)), {}, text)
      }
      for (const wrong of [
        '2025-06-01T13:00:00.001Z',
        '2026-02-30T00:00:00Z',
        'x',
        1741964966,
        null,
      ]) {
        const errors = errorsOf(place(wrong))
        assert.deepEqual(Object.keys(errors), [path])
        assert.match(errors[path] ?? '', /^INVALID_TIMESTAMP: must /)
      }
    })
  }

  it('may be ahead by the tolerance that the caller sets', () => {
    const body = { ...BASE, timestamp: '2025-06-01T12:00:01Z' }
    const at = (futureToleranceMs: number) =>
      parseAssetTrackingData(body, { nowMs, futureToleranceMs })
    assert.equal(at(1000).ok, true)
    assert.equal(at(999).ok, false)
  })
})

describe('an accepted report', () => {
  it('has times in Unix milliseconds, and the registry row of each value', () => {
    const items = [
      { k: 'engine.rpm', v: 1 },
      { k: 'lambda', v: 1, ts: '2025-03-14T12:09:25.5-03:00' },
      { k: 'x.own', v: 1 },
    ]
    const events = [{ event_type: 'stop', timestamp: '2025-03-14T15:09:00Z' }]
    const body = { ...BASE, metrics: metrics(...items), events }
    const validation = validate(body)
    assert.ok(validation.ok)
    const { report } = validation
    const atMs = Date.parse(BASE.timestamp)
    assert.equal(report.data, body)
    assert.equal(report.timestamp_ms, atMs)
    assert.deepEqual(
      report.metrics.map(({ item, timestamp_ms, definition }) => [
        item,
        timestamp_ms - atMs,
        definition?.key,
      ]),
      [
        [items[0], 0, 'engine.rpm'],
        [items[1], -500, 'emissions.lambda'],
        [items[2], 0, undefined],
      ],
    )
    assert.deepEqual(report.events, [{ event: events[0], timestamp_ms: atMs - 26_000 }])
  })
})

describe('unknown metric keys', () => {
  const body = { ...BASE, metrics: metrics(RPM, { k: 'engine.foo', v: { any: 'thing' } }) }
  const path = 'metrics.items[1].k'

  it('refuse the payload by default', () => {
    assert.deepEqual(Object.keys(errorsIn(validate(body))), [path])
    assert.match(errorsIn(validate(body))[path] ?? '', /^UNKNOWN_KEY: "engine\.foo"/)
  })

  it('are accepted and reported in lenient mode', () => {
    const validation = parseAssetTrackingData(body, { nowMs, validation: 'lenient' })
    assert.equal(validation.ok, true)
    assert.deepEqual(validation.ok && Object.keys(validation.warnings), [path])
    assert.equal(validation.ok && validation.report.data, body)
  })

  it('that are malformed are refused in lenient mode too', () => {
    const malformed = { ...BASE, metrics: metrics({ k: 'Engine Foo', v: 1 }) }
    const validation = parseAssetTrackingData(malformed, { nowMs, validation: 'lenient' })
    assert.deepEqual(Object.keys(errorsIn(validation)), ['metrics.items[0].k'])
  })

  it('produce at most fifty warnings', () => {
    const many = { ...BASE, metrics: metrics(...Array(200).fill({ k: 'engine.foo', v: 1 })) }
    const validation = parseAssetTrackingData(many, { nowMs, validation: 'lenient' })
    assert.equal(validation.ok && Object.keys(validation.warnings).length, 51)
    assert.equal(validation.ok && validation.warnings['…'], '150 more not shown')
  })
})

describe('a name that a database may be unable to store', () => {
  it('is refused in searchable fields only', () => {
    const bad = 'a\0b'
    for (const [path, fields] of Object.entries({
      asset_id: { asset_id: bad },
      type: { type: bad },
      'metrics.items[0].u': { metrics: metrics({ k: 'x.own', v: 1, u: bad }) },
      'events[0].event_type': { events: [{ ...EVENT, event_type: bad }] },
    })) {
      assert.deepEqual(errorsOf(fields), { [path]: 'must not contain the character U+0000' })
    }
    const kept = { owner: bad, own: bad, metrics: metrics({ k: 'x.own', v: bad }) }
    assert.deepEqual(errorsOf({ ...kept, events: [{ ...EVENT, description: bad }] }), {})
  })
})

describe('several faults', () => {
  it('are reported together: those of the schema, the registry and the clock', () => {
    const errors = errorsOf({
      asset_id: ' ',
      timestamp: '2030-01-01T00:00:00Z',
      gps: { latitude: 91 },
      metrics: metrics({ k: 'engine.rpm', v: 9000, u: 'Hz', q: 'good', ts: 'now' }),
    })
    assert.deepEqual(Object.keys(errors).sort(), [
      'asset_id',
      'gps.latitude',
      'gps.longitude',
      'metrics.items[0].q',
      'metrics.items[0].ts',
      'metrics.items[0].u',
      'metrics.items[0].v',
      'timestamp',
    ])
  })

  it('a unit that is too long is reported once', () => {
    const errors = (u: string) => errorsOf({ metrics: metrics({ k: 'engine.rpm', v: 1, u }) })
    for (const u of ['u'.repeat(256), '😀'.repeat(256)]) {
      const expected = {
        'metrics.items[0].u': 'UNIT_MISMATCH: must be a string of at most 255 characters',
      }
      assert.deepEqual(errors(u), expected)
    }
    assert.match(errors('😀'.repeat(255))['metrics.items[0].u'] ?? '', /must be in rpm/)
  })

  it('are counted exactly past fifty', () => {
    const item = {
      k: 'engine.rpm',
      v: 'x'.repeat(5000),
      u: 'y'.repeat(5000),
      ts: 'z'.repeat(5000),
      q: '',
    }
    const errors = errorsOf({ metrics: metrics(...Array(200).fill(item)) })
    assert.equal(Object.keys(errors).length, 51)
    assert.equal(errors['…'], '750 more not shown')
    assert.ok(JSON.stringify(errors).length < 10_000, 'nothing long is repeated')
  })
})

describe('hostile payloads', () => {
  it('with too many items produce one fault per array', () => {
    const bad = { k: 'nonsense', v: 1, ts: 'never' }
    const events = Array(201).fill({ event_type: 5, timestamp: 'never' })
    const errors = errorsOf({ metrics: metrics(...Array(201).fill(bad)), events })
    assert.deepEqual(Object.keys(errors), ['metrics.items', 'events'])
  })

  it('cannot inject a prototype', () => {
    const text =
      '{"__proto__":{"asset_id":"A","timestamp":"2025-03-14T15:09:26Z"},"constructor":{"x":1}}'
    assert.deepEqual(Object.keys(errorsIn(validate(JSON.parse(text)))), ['asset_id', 'timestamp'])
  })

  it('may nest to any depth', () => {
    const nested = (times: number): unknown =>
      JSON.parse(`${'[{"a":'.repeat(times)}1${'}]'.repeat(times)}`)
    const deep = nested(3000)
    const v = nested(500)
    assert.deepEqual(
      errorsOf({ own: deep, telecom: { deep }, metrics: metrics({ k: 'x.deep', v }) }),
      {},
    )
    assert.deepEqual(Object.keys(errorsOf({ gps: deep, type: deep })), ['type', 'gps'])
  })
})

describe('for any JSON', () => {
  const examples = Object.values(ASSET_TRACKING_EXAMPLES).map(({ value }) => value)
  const bodies = fc.oneof(fc.jsonValue(), mutationOf(fc.constantFrom(...examples)))
  const modes = fc.constantFrom('strict' as const, 'lenient' as const)

  it('the result is the same report or at least one error', () => {
    fc.assert(
      fc.property(bodies, modes, (body, mode) => {
        const before = JSON.stringify(body)
        const validation = parseAssetTrackingData(body, { nowMs, validation: mode })
        assert.equal(JSON.stringify(body), before, 'the body was changed')
        const record = validation.ok ? validation.warnings : validation.errors
        // Lenient validation reads the flat shape as the report that it stands for.
        const { body: read } = mode === 'lenient' ? readFlat(body) : { body }
        if (validation.ok && read === body) assert.equal(validation.report.data, body)
        else if (validation.ok) assert.deepEqual(validation.report.data, read)
        else assert.ok(Object.keys(record).length > 0)
        // The longest holds what to send in place of the flat shape of metrics.
        for (const message of Object.values(record)) assert.ok(message.length < 600, message)
        assert.ok(Object.keys(record).length <= 51)
      }),
      { numRuns: 2000 },
    )
  })

  it('unknown fields are kept at every level', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (own) => {
        const body = {
          ...BASE,
          own,
          gps: { ...GPS, own },
          sensors: { own, acceleration: { own } },
          metrics: { ...metrics({ ...RPM, own }), own },
          events: [{ ...EVENT, own, additional_info: { own } }],
        }
        const copy = structuredClone(body)
        const validation = validate(body)
        assert.equal(validation.ok && validation.report.data, body)
        assert.deepEqual(body, copy)
      }),
    )
  })
})
