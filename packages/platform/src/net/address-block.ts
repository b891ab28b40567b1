/** The part of an address that its holder cannot change at will: limits count by it. */

/**
 * An IPv4 address itself; for IPv6 the /64 it is in, since a single host is assigned a whole /64
 * (RFC 6177, RFC 8981) and would otherwise have 2^64 budgets.
 *
 * @param address canonical text (RFC 5952), without a zone.
 */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const left = groupsOf(head)
  const right = groupsOf(tail ?? '')
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':')
}
