/**
 * Addresses and ranges (CIDR) of IPv4 and IPv6, judged as the server judges them: an IPv4 address
 * mapped into IPv6 is the IPv4 address, and no range of one family holds the other.
 */

interface Parsed {
  readonly bits: 32 | 128
  readonly value: bigint
}

interface Range extends Parsed {
  readonly prefix: number
}

/** The bits before the IPv4 address in one that is mapped into IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX = 96
const MAPPED = 0xffffn

/** Null: not an address. An IPv4 address mapped into IPv6 is the IPv4 address. */
export function parseAddress(text: string): Parsed | null {
  const written = parseWritten(text.trim())
  return written === null ? null : (unmapped(written) ?? written)
}

/** Null: not a range. An address is a range of one. */
function parseRange(text: string): Range | null {
  const [base = '', length, ...rest] = text.split('/')
  const written = parseWritten(base)
  if (written === null || rest.length > 0) return null
  const prefix = prefixOf(length, written.bits)
  if (prefix === null) return null
  const mapped = prefix >= MAPPED_PREFIX ? unmapped(written) : null
  return mapped === null ? { ...written, prefix } : { ...mapped, prefix: prefix - MAPPED_PREFIX }
}

/** Whether the server takes the text as a range. */
export function isRange(text: string): boolean {
  return parseRange(text) !== null
}

/** No leading zeros, as on the server. */
function prefixOf(text: string | undefined, bits: number): number | null {
  if (text === undefined) return bits
  const prefix = /^(0|[1-9]\d{0,2})$/.test(text) ? Number(text) : bits + 1
  return prefix > bits ? null : prefix
}

function unmapped({ bits, value }: Parsed): Parsed | null {
  if (bits !== 128 || value >> 32n !== MAPPED) return null
  return { bits: 32, value: value & 0xffffffffn }
}

function parseWritten(text: string): Parsed | null {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

const OCTET = /^(0|[1-9]\d{0,2})$/

function parseV4(text: string): Parsed | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) < 256)) {
    return null
  }
  return { bits: 32, value: parts.reduce((all, part) => all * 256n + BigInt(part), 0n) }
}

function parseV6(text: string): Parsed | null {
  const groupsText = withoutDots(text)
  const halves = groupsText === null ? [] : groupsText.split('::')
  if (halves.length < 1 || halves.length > 2) return null
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':'))) as [
    string[],
    string[] | undefined,
  ]
  const missing = 8 - left.length - (right?.length ?? 0)
  if (right === undefined ? missing !== 0 : missing < 1) return null
  const groups = [
    ...left,
    ...Array.from({ length: right ? missing : 0 }, () => '0'),
    ...(right ?? []),
  ]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null
  return {
    bits: 128,
    value: groups.reduce((all, group) => all * 65_536n + BigInt(`0x${group}`), 0n),
  }
}

/** An IPv4 address at the end (RFC 4291 §2.2) as two groups; null: it is none. */
function withoutDots(text: string): string | null {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const last = parseV4(text.slice(start))
  if (last === null) return null
  const groups = [last.value >> 16n, last.value & 0xffffn].map((group) => group.toString(16))
  return text.slice(0, start) + groups.join(':')
}

/** As `addressInList` of the server. What is not a range holds no address. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  const one = parseAddress(address)
  return one !== null && ranges.some((range) => isInRange(one, parseRange(range)))
}

function isInRange(one: Parsed, range: Range | null): boolean {
  if (range === null || range.bits !== one.bits) return false
  const shift = BigInt(range.bits - range.prefix)
  return one.value >> shift === range.value >> shift
}
