/** Addresses of the public internet, as opposed to those of this machine and its networks. */

import { isIP } from 'node:net'
import { addressInList } from './address-list.ts'

/**
 * Ranges that are not globally reachable (IANA's special-purpose registries, RFC 6890), and those
 * that embed an IPv4 address, which could be any of these.
 */
const SPECIAL_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]

/** Global unicast addresses (RFC 4291 §2.4); all others are local, multicast or reserved. */
const GLOBAL_UNICAST = ['2000::/3']

const SPECIAL_RANGES_IN_GLOBAL_UNICAST = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

/** False for text that is not an address. */
export function isPublicAddress(address: string): boolean {
  const isIPv4 = isIP(address) === 4 || addressInList(['0.0.0.0/0'], address)
  if (isIPv4) return !addressInList(SPECIAL_RANGES, address)
  return (
    addressInList(GLOBAL_UNICAST, address) &&
    !addressInList(SPECIAL_RANGES_IN_GLOBAL_UNICAST, address)
  )
}
