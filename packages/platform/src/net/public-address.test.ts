import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPublicAddress } from './public-address.ts'

const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.128.0.1', '223.255.255.255']
const PUBLIC_IPV6 = ['2606:4700:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8']

const LOCAL = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255'],
  ...['192.168.1.1', '169.254.169.254', '100.64.0.1', '198.18.0.1', '192.0.0.8', '192.0.2.1'],
  ...['224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255', '203.0.113.9', '198.51.100.1'],
]
const LOCAL_IPV6 = [
  ...['::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '::ffff:127.0.0.1'],
  ...['::ffff:a9fe:a9fe', '::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '100::1'],
  ...['2002:7f00:1::', '2001::1', '2001:db8::1', '3fff::1', '4000::1'],
]

describe('a public address', () => {
  for (const address of [...PUBLIC, ...PUBLIC_IPV6]) {
    it(`is ${address}`, () => assert.equal(isPublicAddress(address), true))
  }
  for (const address of [...LOCAL, ...LOCAL_IPV6]) {
    it(`is not ${address}`, () => assert.equal(isPublicAddress(address), false))
  }
  for (const text of ['', 'localhost', '8.8.8', '8.8.8.8/32', '[2606::1]', 'fe80::1%eth0']) {
    it(`is not the text ${JSON.stringify(text)}`, () => assert.equal(isPublicAddress(text), false))
  }
})
