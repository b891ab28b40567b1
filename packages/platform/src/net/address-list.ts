/** Lists of address ranges (RFC 4632 §3.1, RFC 4291 §2.3). `node:net` does the matching. */

import { BlockList, isIP } from 'node:net'

export interface AddressRange {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** A range, or a single address as a range of one; null for any other text. */
export function parseAddressRange(text: string): AddressRange | null {
  const [address = '', length, ...rest] = text.split('/')
  const version = address.includes('%') ? 0 : isIP(address)
  const bits = version === 4 ? 32 : 128
  // No leading zeros: some parsers read them as octal.
  const prefix =
    length === undefined ? bits : /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : -1
  if (version === 0 || rest.length > 0 || prefix < 0 || prefix > bits) return null
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/**
 * `BlockList` treats IPv4 as `::ffff:…`, so that `::/0` would include it: each family gets its own
 * list.
 */
interface Lists {
  readonly ipv4: BlockList
  readonly ipv6: BlockList
}

/** Compiled once per list; the array itself is the key. */
const compiled = new WeakMap<readonly string[], Lists>()

/**
 * True when one of the ranges contains the address. IPv4-mapped IPv6 counts as IPv4, on both sides.
 * An empty list contains nothing, and text that is not an address is in no list.
 */
export function addressInList(cidrs: readonly string[], address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const { ipv4, ipv6 } = listsOf(cidrs)
  const isIPv4 = family === 4 || MAPPED.check(address, 'ipv6')
  return (isIPv4 ? ipv4 : ipv6).check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** The bits before the IPv4 address in an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
export const MAPPED_PREFIX = 96
const MAPPED = new BlockList()
MAPPED.addSubnet('::ffff:0.0.0.0', MAPPED_PREFIX, 'ipv6')

function listsOf(cidrs: readonly string[]): Lists {
  const known = compiled.get(cidrs)
  if (known !== undefined) return known
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
  for (const range of cidrs.map(parseAddressRange)) {
    if (range === null) continue
    const isIPv4 = range.family === 'ipv4' || isMapped(range)
    lists[isIPv4 ? 'ipv4' : 'ipv6'].addSubnet(range.address, range.prefix, range.family)
  }
  compiled.set(cidrs, lists)
  return lists
}

function isMapped({ address, prefix, family }: AddressRange): boolean {
  return family === 'ipv6' && prefix >= MAPPED_PREFIX && MAPPED.check(address, 'ipv6')
}
