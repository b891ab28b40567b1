import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addressInList, parseAddressRange } from './address-list.ts'

describe('addressInList', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['2001:db8::/32', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '127.0.0.1', false],
    ['::/0', '::ffff:127.0.0.1', false],
    ['::/64', '127.0.0.1', false],
    ['0.0.0.0/0', '127.0.0.1', true],
    ['0.0.0.0/0', '::1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['10.0.0.0/8', 'unknown', false],
    ['10.0.0.0/8', '', false],
  ]
  for (const [range, address, expected] of cases) {
    it(`says that ${range} ${expected ? 'holds' : 'does not hold'} ${address || 'nothing'}`, () => {
      assert.equal(addressInList([range], address), expected)
    })
  }

  it('contains no address when it is empty', () =>
    assert.equal(addressInList([], '127.0.0.1'), false))
})

describe('parseAddressRange', () => {
  for (const text of [
    '',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0/8',
    '::/129',
    '::1%lo',
    '1.2.3.4/8/8',
    'x',
    '10.0.0.1/',
  ]) {
    it(`refuses ${text || 'nothing'}`, () => assert.equal(parseAddressRange(text), null))
  }
})
