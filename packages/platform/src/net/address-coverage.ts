/**
 * Whether one list of address ranges contains every address of another. address-list.ts decides
 * which addresses a list contains.
 */

import { isIPv4 } from 'node:net'
import { type AddressRange, MAPPED_PREFIX, parseAddressRange } from './address-list.ts'

/** Addresses as numbers, both ends included. */
interface Span {
  readonly family: AddressRange['family']
  readonly from: bigint
  readonly to: bigint
}

/**
 * True when every address of `inner` is in `outer`, in one range or in several together. As in
 * `addressInList`, IPv4-mapped IPv6 counts as IPv4, and an invalid range contains nothing.
 */
export function rangesCover(outer: readonly string[], inner: readonly string[]): boolean {
  const joined = join(spansOf(outer))
  return spansOf(inner).every(({ family, from, to }) =>
    joined.some((span) => span.family === family && span.from <= from && to <= span.to),
  )
}

/** Merges overlapping and adjacent spans. */
function join(spans: readonly Span[]): Span[] {
  const joined: Span[] = []
  const sorted = spans.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  for (const family of ['ipv4', 'ipv6'] as const) {
    for (const span of sorted.filter((one) => one.family === family)) {
      const last = joined.at(-1)
      if (last?.family !== family || span.from > last.to + 1n) joined.push(span)
      else if (span.to > last.to) joined[joined.length - 1] = { ...last, to: span.to }
    }
  }
  return joined
}

function spansOf(cidrs: readonly string[]): Span[] {
  return cidrs.flatMap((cidr) => {
    const range = parseAddressRange(cidr)
    return range === null ? [] : [spanOf(range)]
  })
}

const MAPPED = 0xffffn << 32n

function spanOf({ address, prefix, family }: AddressRange): Span {
  const [bits, number] = family === 'ipv4' ? [32, ipv4(address)] : [128, ipv6(address)]
  const hosts = (1n << BigInt(bits - prefix)) - 1n
  const from = number & ~hosts
  const span = { family, from, to: from | hosts }
  const isMapped = family === 'ipv6' && prefix >= MAPPED_PREFIX && from >> 32n === MAPPED >> 32n
  return isMapped ? { family: 'ipv4', from: from - MAPPED, to: span.to - MAPPED } : span
}

function ipv4(address: string): bigint {
  return BigInt(`0x${Buffer.from(address.split('.').map(Number)).toString('hex')}`)
}

/** RFC 4291 §2.2; the text has already been parsed as a range. */
function ipv6(address: string): bigint {
  const [head = [], tail = []] = address
    .split('::')
    .map((half) => half.split(':').flatMap(groupsOf))
  const zeros = Array<string>(8 - head.length - tail.length).fill('0')
  const groups = [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0'))
  return BigInt(`0x${groups.join('')}`)
}

/** One group as written; two when the last is written as IPv4. */
function groupsOf(text: string): string[] {
  if (text === '') return []
  if (!isIPv4(text)) return [text]
  const hex = ipv4(text).toString(16).padStart(8, '0')
  return [hex.slice(0, 4), hex.slice(4)]
}
