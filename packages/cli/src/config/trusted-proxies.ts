/**
 * `MIOT_TRUSTED_PROXIES`: whose word about a client's address is taken. Strict, since a slip trusts
 * strangers.
 */

import { isIPv4 } from 'node:net'
import { parseAddressRange } from '@modulariot/platform/net'

const LOOPBACK = ['127.0.0.0/8', '::1/128']

/**
 * The widest range that can be one's own: 10.0.0.0/8 and fc00::/7 are the largest private networks.
 * It also refuses everybody in two halves, 0.0.0.0/1 and 128.0.0.0/1.
 */
const WIDEST = { ipv4: 8, ipv6: 7 } as const
const ADDRESS_BITS = { ipv4: 32, ipv6: 128 } as const

/**
 * Addresses and CIDR ranges from a comma-separated list. @throws Error naming what cannot be one.
 */
export function parseTrustedProxies(text: string): readonly string[] {
  return text.split(',').flatMap((item) => parseItem(item.trim()))
}

function parseItem(text: string): readonly string[] {
  if (text === 'loopback') return LOOPBACK
  const range = parseAddressRange(text)
  if (range === null) {
    throw new Error(
      `must list addresses, CIDR ranges or loopback, separated by commas: ${JSON.stringify(text)} is none`,
    )
  }
  const { address, prefix, family } = range
  const number = numberOf(address)
  if (family === 'ipv6' && number >> 32n === 0xffffn) {
    throw new Error(`must name IPv4 as IPv4: write ${text} without ::ffff:`)
  }
  if (prefix < WIDEST[family]) {
    throw new Error(
      `must not trust everybody: ${text} is wider than /${WIDEST[family]}; name your own proxies`,
    )
  }
  if (number % (1n << BigInt(ADDRESS_BITS[family] - prefix)) !== 0n) {
    throw new Error(`must name a range by its first address, which ${text} does not`)
  }
  return [text]
}

/** The bits of an address. */
function numberOf(address: string): bigint {
  if (isIPv4(address)) {
    return address.split('.').reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n)
  }
  // A URL spells an IPv6 host in groups of hexadecimal digits only, with one `::` at most.
  const [head = [], tail = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...tail].reduce(
    (sum, group) => (sum << 16n) + BigInt(`0x${group}`),
    0n,
  )
}
