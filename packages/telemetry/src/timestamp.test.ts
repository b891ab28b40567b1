import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseTimestamp, timestampFault } from './timestamp.ts'

const TAKEN: Record<string, string> = {
  '2025-03-14T15:09:26Z': '2025-03-14T15:09:26.000Z',
  '2025-03-14T15:09Z': '2025-03-14T15:09:00.000Z',
  '2025-03-14T12:09:26-03:00': '2025-03-14T15:09:26.000Z',
  '2025-03-14T20:39:26+05:30': '2025-03-14T15:09:26.000Z',
  '2025-03-14T15:09:26+00:00': '2025-03-14T15:09:26.000Z',
  '2025-03-14T15:09:26.5Z': '2025-03-14T15:09:26.500Z',
  '2025-03-14T15:09:26.123456789Z': '2025-03-14T15:09:26.123Z',
  '2024-02-29T00:00:00Z': '2024-02-29T00:00:00.000Z',
  '2000-02-29T00:00:00Z': '2000-02-29T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z': '1969-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z': '0000-01-01T00:00:00.000Z',
  '0000-01-01T00:00:00-23:59': '0000-01-01T23:59:00.000Z',
  '9999-12-31T23:59:59.123456789+23:59': '9999-12-31T00:00:59.123Z',
}

const REFUSED = [
  '',
  '2025-03-14',
  '2025-03-14T15:09:26',
  '2025-03-14 15:09:26Z',
  '2025-03-14t15:09:26z',
  '2025-03-14T15:09:26+0300',
  '2025-03-14T15:09:26+03',
  '2025-03-14T15:09:26.Z',
  '2025-03-14T15:09:26,5Z',
  '2025-03-14T15:09:26.1234567890Z',
  '2025-3-14T15:09:26Z',
  '2025-00-14T15:09:26Z',
  '2025-13-14T15:09:26Z',
  '2025-03-00T15:09:26Z',
  '2025-04-31T15:09:26Z',
  '2026-02-30T15:09:26Z',
  '2025-02-29T15:09:26Z',
  '1900-02-29T15:09:26Z',
  '2025-03-14T24:00:00Z',
  '2025-03-14T15:60:00Z',
  '2016-12-31T23:59:60Z',
  '2025-03-14T15:09:26+24:00',
  '2025-03-14T15:09:26+03:60',
  '0000-01-01T00:00:00+00:01',
  '9999-12-31T23:59:59-00:01',
  '1741964966',
  ' 2025-03-14T15:09:26Z',
  '2025-03-14T15:09:26Z\n',
  '２025-03-14T15:09:26Z',
  '+002025-03-14T15:09:26Z',
]

describe('parseTimestamp', () => {
  for (const [text, instant] of Object.entries(TAKEN)) {
    it(`reads ${text}`, () => {
      const read = parseTimestamp(text)
      assert.equal(read === null ? null : new Date(read).toISOString(), instant)
    })
  }

  for (const text of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseTimestamp(text), null))
  }

  it('agrees with Date about every instant of four-digit years', () => {
    const instants = fc.date({
      min: new Date('0000-01-01T00:00:00.000Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(instants, (date) => parseTimestamp(date.toISOString()) === date.getTime()),
      { numRuns: 2000 },
    )
  })

  it('agrees with Date about every zone', () => {
    const zones = fc
      .tuple(fc.constantFrom('+', '-'), fc.integer({ min: 0, max: 1439 }))
      .map(([sign, minutes]) => `${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`)
    fc.assert(
      fc.property(zones, (zone) => {
        const text = `2025-03-14T15:09:26${zone}`
        assert.equal(parseTimestamp(text), Date.parse(text))
      }),
    )
  })

  it('accepts no digits that Date refuses', () => {
    const digits = (max: number) => fc.integer({ min: 0, max }).map(two)
    const parts = fc.tuple(digits(20), digits(40), digits(30), digits(70), digits(70))
    fc.assert(
      fc.property(parts, ([month, day, hour, minute, second]) => {
        const text = `2024-${month}-${day}T${hour}:${minute}:${second}Z`
        const read = parseTimestamp(text)
        if (read !== null) assert.equal(new Date(read).toISOString(), text.replace('Z', '.000Z'))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses a megabyte of digits without reading it', () => {
    assert.equal(parseTimestamp('2'.repeat(1_000_000)), null)
  })
})

describe('timestampFault', () => {
  const faultOf = (text: string, nowMs: number, toleranceMs: number) =>
    timestampFault(text, parseTimestamp(text), nowMs, toleranceMs)

  const nowMs = Date.parse('2025-06-01T12:00:00Z')
  const HOUR = 3_600_000

  it('accepts the past', () => {
    assert.equal(faultOf('1970-01-01T00:00:00Z', nowMs, HOUR), null)
  })

  it('accepts the last millisecond of the tolerance and refuses the next', () => {
    assert.equal(faultOf('2025-06-01T13:00:00.000Z', nowMs, HOUR), null)
    assert.match(
      faultOf('2025-06-01T13:00:00.001Z', nowMs, HOUR) ?? '',
      /^INVALID_TIMESTAMP: must not be more than one hour in the future/,
    )
  })

  it('names the tolerance', () => {
    const far = '2030-01-01T00:00:00Z'
    assert.match(faultOf(far, nowMs, 2 * HOUR) ?? '', /more than 2 hours in/)
    assert.match(faultOf(far, nowMs, 90_000) ?? '', /more than 90 seconds in/)
    assert.match(faultOf(far, nowMs, 0) ?? '', /INVALID_TIMESTAMP/)
  })
})

function two(value: number): string {
  return String(value).padStart(2, '0')
}
