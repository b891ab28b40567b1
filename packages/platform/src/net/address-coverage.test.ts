import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { rangesCover } from './address-coverage.ts'
import { addressInList } from './address-list.ts'

describe('rangesCover', () => {
  const cases: readonly (readonly [readonly string[], readonly string[], boolean])[] = [
    [['10.0.0.0/8'], ['10.1.0.0/16', '10.2.3.4'], true],
    [['10.1.0.0/16'], ['10.0.0.0/8'], false],
    [['10.0.0.0/8'], ['10.0.0.0/8', '192.0.2.1'], false],
    // In several ranges together, in any order, overlapping or adjacent.
    [['10.0.1.0/24', '10.0.0.0/24'], ['10.0.0.0/23'], true],
    [['10.0.0.0/24', '10.0.2.0/24'], ['10.0.0.0/22'], false],
    [['128.0.0.0/1', '0.0.0.0/1', '10.0.0.0/8'], ['0.0.0.0/0'], true],
    // The spelling of a range does not matter.
    [['10.0.0.7/24'], ['10.0.0.200'], true],
    [['::ffff:10.0.0.0/104'], ['10.1.2.3'], true],
    [['10.0.0.0/8'], ['::ffff:10.1.2.3', '::ffff:a01:203/128'], true],
    [['::ffff:0:0/96'], ['0.0.0.0/0'], true],
    [['2001:db8::/32'], ['2001:DB8:0:0::1', '2001:db8:0000::/48'], true],
    [['2001:db8::/33', '2001:db8:8000::/33'], ['2001:db8::/32'], true],
    [['2001:db8::/33'], ['2001:db8::/32'], false],
    // The address families are separate.
    [['::/0'], ['10.0.0.1'], false],
    [['::/0'], ['::ffff:10.0.0.1'], false],
    [['0.0.0.0/0'], ['::1'], false],
    [['0.0.0.0/0', '::/0'], ['203.0.113.0/24', 'fe80::/10', '::', '::ffff:1.2.3.4'], true],
    // The empty list contains nothing, and every list covers it.
    [[], [], true],
    [['10.0.0.0/8'], [], true],
    [[], ['10.0.0.0/8'], false],
    [['no range'], ['10.0.0.0/8'], false],
  ]
  for (const [outer, inner, covered] of cases) {
    it(`of [${inner}] by [${outer}] is ${covered}`, () => {
      assert.equal(rangesCover(outer, inner), covered)
    })
  }

  it('is true exactly when each address of one list is in the other', () => {
    const all = Array.from({ length: 32 }, (_, index) => `10.0.0.${index}`)
    const range = fc
      .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 27, max: 32 }), fc.boolean())
      .map(([host, prefix, mapped]) =>
        mapped ? `::ffff:10.0.0.${host}/${prefix + 96}` : `10.0.0.${host}/${prefix}`,
      )
    const list = fc.array(range, { maxLength: 6 })
    fc.assert(
      fc.property(list, list, (outer, inner) => {
        const covered = all
          .filter((address) => addressInList(inner, address))
          .every((address) => addressInList(outer, address))
        assert.equal(rangesCover(outer, inner), covered)
      }),
      { numRuns: 500 },
    )
  })
})
