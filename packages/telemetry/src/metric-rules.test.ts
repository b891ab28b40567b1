import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { METRIC_REGISTRY, type MetricDefinition, type MetricType } from './metric-registry.ts'
import {
  checkMetric,
  MAX_STRING_VALUE_LENGTH,
  MAX_VALUE_PARTS,
  type SentMetric,
} from './metric-rules.ts'

/** `code path`, as in `OUT_OF_BOUNDS v`. */
function faultsOf(item: SentMetric): string[] {
  const found: string[] = []
  checkMetric(item, ({ code, at }) => found.push(`${code} ${at.join('.')}`))
  return found
}

function messagesOf(item: SentMetric): string[] {
  const found: string[] = []
  checkMetric(item, ({ text }) => found.push(text()))
  return found
}

/** One value of each JSON type, valid for every metric of that type. */
const VALUES = {
  number: 1,
  boolean: true,
  string: 'ISO 15765-4 (CAN)',
  array: ['P0301'],
  object: { a: 1 },
} satisfies Record<MetricType, unknown>

const rightValue = (row: MetricDefinition) =>
  row.length === undefined ? VALUES[row.type] : 'A'.repeat(row.length)

describe('every canonical metric', () => {
  for (const row of METRIC_REGISTRY) {
    for (const k of row.alias === undefined ? [row.key] : [row.key, row.alias]) {
      it(`${k} accepts a ${row.type} and refuses other types as TYPE_MISMATCH`, () => {
        assert.deepEqual(faultsOf({ k, v: rightValue(row) }), [])
        for (const [type, v] of Object.entries({ ...VALUES, null: null })) {
          if (type !== row.type) assert.deepEqual(faultsOf({ k, v }), ['TYPE_MISMATCH v'], type)
        }
      })

      it(`${k} accepts null only from a sensor without a usable value`, () => {
        assert.deepEqual(faultsOf({ k, v: null, q: 'missing' }), [])
        assert.deepEqual(faultsOf({ k, v: null, q: 'invalid' }), [])
        for (const q of ['ok', 'estimated', 'stale', undefined]) {
          assert.deepEqual(faultsOf({ k, v: null, q }), ['TYPE_MISMATCH v'])
        }
      })

      it(`${k} accepts only its unit (${row.unit ?? 'none'}) or no unit`, () => {
        const v = rightValue(row)
        assert.deepEqual(faultsOf({ k, v, u: undefined }), [])
        if (row.unit !== undefined) assert.deepEqual(faultsOf({ k, v, u: row.unit }), [])
        for (const u of ['F', 'mph', '', 'constructor', 'RPM']) {
          assert.deepEqual(faultsOf({ k, v, u }), ['UNIT_MISMATCH u'], u)
        }
      })
    }
  }
})

describe('every bounded metric', () => {
  for (const { key: k, min, max } of METRIC_REGISTRY) {
    if (min !== undefined) {
      it(`${k} accepts ${min} and nothing below`, () => {
        assert.deepEqual(faultsOf({ k, v: min }), [])
        assert.deepEqual(faultsOf({ k, v: min - 0.001 }), ['OUT_OF_BOUNDS v'])
      })
    }
    if (max !== undefined) {
      it(`${k} accepts ${max} and nothing above`, () => {
        assert.deepEqual(faultsOf({ k, v: max }), [])
        assert.deepEqual(faultsOf({ k, v: max + 0.001 }), ['OUT_OF_BOUNDS v'])
      })
    } else if (min !== undefined) {
      it(`${k} has no upper bound`, () => {
        assert.deepEqual(faultsOf({ k, v: Number.MAX_VALUE }), [])
        assert.deepEqual(faultsOf({ k, v: Number.POSITIVE_INFINITY }), ['TYPE_MISMATCH v'])
        assert.deepEqual(faultsOf({ k, v: Number.NaN }), ['TYPE_MISMATCH v'])
      })
    }
  }
})

describe('units', () => {
  it('may be °C instead of C, for every temperature', () => {
    const temperatures = METRIC_REGISTRY.filter(({ unit }) => unit === 'C')
    assert.equal(temperatures.length, 3)
    for (const { key: k } of temperatures) assert.deepEqual(faultsOf({ k, v: 1, u: '°C' }), [])
    assert.deepEqual(faultsOf({ k: 'engine.rpm', v: 1, u: '°C' }), ['UNIT_MISMATCH u'])
  })

  it('may be the name of the type, for a metric without a unit', () => {
    assert.deepEqual(faultsOf({ k: 'dtc.mil_on', v: true, u: 'bool' }), [])
    assert.deepEqual(faultsOf({ k: 'dtc.codes', v: [], u: 'array' }), [])
    assert.deepEqual(faultsOf({ k: 'dtc.codes', v: [], u: 'bool' }), ['UNIT_MISMATCH u'])
  })

  it('are reported in addition to the value', () => {
    const faults = faultsOf({ k: 'engine.coolant_temp', v: 400, u: 'F' })
    assert.deepEqual(faults, ['UNIT_MISMATCH u', 'OUT_OF_BOUNDS v'])
  })
})

describe('values with rules of their own', () => {
  it('a VIN has 17 characters', () => {
    const k = 'vehicle.vin'
    assert.deepEqual(faultsOf({ k, v: '1M8GDM9AXKP042788' }), [])
    assert.deepEqual(faultsOf({ k, v: '1M8GDM9AXKP04278' }), ['OUT_OF_BOUNDS v'])
    assert.deepEqual(faultsOf({ k, v: '1M8GDM9AXKP0427888' }), ['OUT_OF_BOUNDS v'])
    assert.deepEqual(faultsOf({ k, v: 'A'.repeat(2000) }), ['OUT_OF_BOUNDS v'])
  })

  it('a trouble code is a letter of PCBU and four hexadecimal digits in upper case', () => {
    const k = 'dtc.codes'
    assert.deepEqual(faultsOf({ k, v: [] }), [])
    assert.deepEqual(faultsOf({ k, v: ['P0301', 'C1234', 'B01AF', 'U0073'] }), [])
    const wrong = ['P03', 'X0301', 'p0301', 'P030g', 'P0301\n', 301, null]
    assert.deepEqual(
      faultsOf({ k, v: ['P0301', ...wrong] }),
      wrong.map((_, index) => `TYPE_MISMATCH v.${index + 1}`),
    )
  })

  it('a number must be finite under any key', () => {
    for (const v of [JSON.parse('1e400'), JSON.parse('-1e400')]) {
      assert.deepEqual(faultsOf({ k: 'x.own', v }), ['OUT_OF_BOUNDS v'])
      assert.deepEqual(faultsOf({ k: 'vehicle.odometer', v }), ['TYPE_MISMATCH v'])
    }
    assert.deepEqual(faultsOf({ k: 'x.own', v: Number.MAX_VALUE }), [])
  })

  it('a string has at most 1000 characters under any key', () => {
    const longest = 'a'.repeat(MAX_STRING_VALUE_LENGTH)
    for (const k of ['vehicle.ecu', 'x.vendor.note']) {
      assert.deepEqual(faultsOf({ k, v: longest }), [])
      assert.deepEqual(faultsOf({ k, v: `${longest}a` }), ['OUT_OF_BOUNDS v'])
    }
  })
})

describe('numbers beyond the range of a double', () => {
  it('are refused under any key and at any depth, since they would be returned as null', () => {
    for (const text of ['1e400', '-1e400', '[1,[1e999]]', '{"a":{"b":1e400}}']) {
      assert.deepEqual(faultsOf({ k: 'x.own', v: JSON.parse(text) }), ['OUT_OF_BOUNDS v'], text)
    }
    for (const text of ['1.7e308', '12345678901234567890', '[1,{"a":null}]', '"1e400"']) {
      assert.deepEqual(faultsOf({ k: 'x.own', v: JSON.parse(text) }), [], text)
    }
  })
})

describe('keys', () => {
  it('that start with x. are checked for their form only', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ maxLength: 9 }), (v, u) => {
        assert.deepEqual(faultsOf({ k: 'x.vendor.din1', v, u }), [])
      }),
    )
    for (const k of ['x.Vendor', 'x.', 'x..a', 'x.a.b.c.d.e.f']) {
      assert.deepEqual(faultsOf({ k, v: 1 }), ['UNKNOWN_KEY k'], k)
    }
  })

  it('that are not registered are unknown, including properties of every object', () => {
    for (const k of ['engine.foo', 'constructor', '__proto__', 'odometer', '', 'Lambda', 'X.a']) {
      assert.deepEqual(faultsOf({ k, v: 1 }), ['UNKNOWN_KEY k'], k)
    }
  })

  it('have at most 255 characters', () => {
    const longest = `x.${'a'.repeat(253)}`
    assert.deepEqual(faultsOf({ k: longest, v: 1 }), [])
    assert.deepEqual(faultsOf({ k: `${longest}a`, v: 1 }), ['UNKNOWN_KEY k'])
  })

  it('are repeated in the message if short, and a likely one is suggested', () => {
    assert.match(messagesOf({ k: 'engine.foo', v: 1 })[0] ?? '', /^"engine.foo" is not a canonical/)
    assert.match(messagesOf({ k: 'engine_rpm', v: 1 })[0] ?? '', /did you mean engine\.rpm\?$/)
    const long = `a.${'b'.repeat(100)}`
    assert.equal(messagesOf({ k: long, v: 1 })[0]?.includes('bbb'), false)
  })
})

describe('messages', () => {
  const cases: [SentMetric, string][] = [
    [{ k: 'engine.rpm', v: 9000 }, 'engine.rpm must be between 0 and 8000 rpm'],
    [{ k: 'engine.runtime', v: -1 }, 'engine.runtime must be at least 0 s'],
    [
      { k: 'engine.rpm', v: '2500' },
      'engine.rpm must be a number between 0 and 8000 rpm, not a string',
    ],
    [{ k: 'idle.state', v: 1 }, 'idle.state must be true or false, not a number'],
    [{ k: 'dtc.codes', v: 'P0301' }, 'dtc.codes must be an array of strings, not a string'],
    [{ k: 'engine.freeze_frame', v: [] }, 'engine.freeze_frame must be an object, not an array'],
    [
      { k: 'fuel.level', v: null },
      'fuel.level must be a number between 0 and 100 %, not null; null is only for q "missing" or "invalid"',
    ],
    [
      { k: 'engine.coolant_temp', v: 90, u: 'F' },
      'engine.coolant_temp must be in C, not "F"; convert it before sending',
    ],
    [{ k: 'brake.state', v: true, u: 'V' }, 'brake.state has no unit; remove "V"'],
    [{ k: 'vehicle.vin', v: 'A' }, 'vehicle.vin must have exactly 17 characters'],
  ]
  for (const [item, message] of cases) {
    it(message, () => assert.deepEqual(messagesOf(item), [message]))
  }
})

describe('fields that the schema refused', () => {
  it('are skipped', () => {
    assert.deepEqual(faultsOf({}), [])
    assert.deepEqual(faultsOf({ k: 5, v: 1 }), [])
    assert.deepEqual(faultsOf({ k: 'engine.rpm' }), [])
    assert.deepEqual(faultsOf({ k: 'engine.rpm', v: 1, u: 5 }), [])
  })
})

describe('nested values', () => {
  const list = (length: number) => Array<unknown>(length).fill(0)
  const record = (length: number) => Object.fromEntries(list(length).map((v, i) => [`k${i}`, v]))
  /** Each builds a value with this many parts. */
  const shapes: Record<string, (parts: number) => unknown> = {
    'an array': list,
    'an object': record,
    'arrays in an array': (parts) => [list(parts - 2), []],
    'objects in an array': (parts) => [record(9), record(parts - 11)],
    'an object in an object': (parts) => ({ a: record(parts - 2), b: 1 }),
  }
  const tooMany = [`a value must contain at most ${MAX_VALUE_PARTS} values`]

  for (const [name, shape] of Object.entries(shapes)) {
    it(`${name}: may contain ${MAX_VALUE_PARTS} and no more`, () => {
      for (const k of ['x.own', 'engine.own']) {
        const bounded = messagesOf({ k, v: shape(MAX_VALUE_PARTS) })
        assert.deepEqual(messagesOf({ k, v: shape(MAX_VALUE_PARTS + 1) }), [...bounded, ...tooMany])
      }
    })
  }

  it('are limited under canonical keys too', () => {
    assert.deepEqual(messagesOf({ k: 'engine.freeze_frame', v: record(1025) }), tooMany)
    assert.deepEqual(messagesOf({ k: 'dtc.codes', v: Array(1025).fill('P0301') }), tooMany)
    assert.deepEqual(messagesOf({ k: 'dtc.codes', v: Array(1024).fill('P0301') }), [])
  })

  it('are not read past the limit', () => {
    const unread = {
      get a(): unknown {
        return assert.fail('read')
      },
    }
    assert.deepEqual(messagesOf({ k: 'x.own', v: [unread, list(1024)] }), tooMany)
  })
})
