import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addressBlock } from './address-block.ts'

describe('addressBlock', () => {
  it('returns an IPv4 address, and text that is not an address, unchanged', () => {
    for (const address of ['192.0.2.1', 'unknown']) assert.equal(addressBlock(address), address)
  })

  it('returns the /64 of an IPv6 address in any spelling', () => {
    const same = ['2001:db8:0:7::1', '2001:db8:0:7:ffff:eeee:dddd:cccc', '2001:db8:0:7::']
    for (const address of same) assert.equal(addressBlock(address), '2001:db8:0:7::/64')
    assert.notEqual(addressBlock('2001:db8:0:8::1'), addressBlock('2001:db8:0:7::1'))
    assert.equal(addressBlock('::1'), '0:0:0:0::/64')
    assert.equal(addressBlock('2001:db8::1'), '2001:db8:0:0::/64')
  })
})
