/** The page judges addresses by an allowlist as the server does: each case is given to both. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { addressInList, parseAddressRange } from '@modulariot/platform/net'
import fc from 'fast-check'
import { isInRanges, isRange } from '../src/pages/token-lab/ranges.ts'

const octet = fc.oneof(fc.constantFrom('0', '1', '10', '255', '256', '01', ''), fc.nat(300))
const v4 = fc.oneof(
  fc.constantFrom('10.0.0.1', '10.0.0.9', '10.0.1.1', '203.0.113.5'),
  fc.array(octet, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.')),
)
const group = fc.constantFrom('0', '1', 'db8', 'ffff', 'FFFF', '2001', 'a00', '00000', 'g', '')
const v6 = fc.oneof(
  fc.constantFrom('2001:db8::1', '2001:db8:0:1::', '::', '::1', '1:2:3:4:5:6:7::', '::ffff:a00:1'),
  v4.map((text) => `::ffff:${text}`),
  v4.map((text) => `64:ff9b::${text}`),
  v4.map((text) => `0:0:0:0:0:ffff:${text}`),
  fc.array(group, { minLength: 1, maxLength: 9 }).map((groups) => groups.join(':')),
)
const address = fc.oneof(v4, v6)
const length = fc.oneof(
  fc.constantFrom('', '/', '/0', '/8', '/24', '/32', '/33', '/64', '/95', '/96', '/104', '/128'),
  fc.constantFrom('/129', '/08', '/x', '/8/8', '/-1', ' '),
)
const range = fc.tuple(address, length).map((parts) => parts.join(''))

it('a range is one exactly where the server takes it', () => {
  fc.assert(
    fc.property(range, (text) =>
      assert.equal(isRange(text), parseAddressRange(text) !== null, text),
    ),
    { numRuns: 3000 },
  )
})

it('an address is let in exactly where the server lets it in', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), address, (ranges, one) =>
      assert.equal(isInRanges(one, ranges), addressInList(ranges, one), `${one} in ${ranges}`),
    ),
    { numRuns: 5000 },
  )
})
