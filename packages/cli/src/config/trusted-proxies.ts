/**
 * `MIOT_TRUSTED_PROXIES`: proxies whose `X-Forwarded-For` is trusted. Strict, since a typo could
 * trust strangers.
 */

import { isIPv4 } from 'node:net'
import { parseAddressRange } from '@modulariot/platform/net'

const LOOPBACK = ['127.0.0.0/8', '::1/128']

/**
 * Widest accepted prefixes: 10.0.0.0/8 and fc00::/7 are the largest private networks. They also
 * rule out the whole Internet written as two halves, 0.0.0.0/1 and 128.0.0.0/1.
 */
const WIDEST = { ipv4: 8, ipv6: 7 } as const
const ADDRESS_BITS = { ipv4: 32, ipv6: 128 } as const

/**
 * Addresses and CIDR ranges from a comma-separated list.
 *
 * @throws Error naming the invalid item.
 */
export function parseTrustedProxies(text: string): readonly string[] {
  return text.split(',').flatMap((item) => parseItem(item.trim()))
}

function parseItem(text: string): readonly string[] {
  if (text === 'loopback') return LOOPBACK
  const range = parseAddressRange(text)
  if (range === null) {
    throw new Error(
      `must list addresses, CIDR ranges or loopback, separated by commas: ${JSON.stringify(text)} is none of these`,
    )
  }
  const { address, prefix, family } = range
  const number = numberOf(address)
  if (family === 'ipv6' && number >> 32n === 0xffffn) {
    throw new Error(`must name IPv4 as IPv4: write ${text} without ::ffff:`)
  }
  if (prefix < WIDEST[family]) {
    throw new Error(
      `must not be wider than /${WIDEST[family]}, which ${text} is; list only your own proxies`,
    )
  }
  if (number % (1n << BigInt(ADDRESS_BITS[family] - prefix)) !== 0n) {
    throw new Error(`must give a range by its first address, which ${text} does not`)
  }
  return [text]
}

/** An address as a number. */
function numberOf(address: string): bigint {
  if (isIPv4(address)) {
    return address.split('.').reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n)
  }
  // URL normalizes an IPv6 host to hexadecimal groups with at most one `::`.
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
