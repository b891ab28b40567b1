/**
 * Where a request comes from, in one canonical spelling: allowlists, limits and the audit trail
 * compare addresses as text.
 *
 * The server's `trustedProxies` decides whose `X-Forwarded-For` counts; nothing here trusts a
 * header.
 */

import { isIP, isIPv4, SocketAddress } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * The address of the client: the last hop that no trusted proxy vouches for, or the peer.
 *
 * When that hop is not an address (`unknown`, or obfuscated), the address is that of the hop that
 * reported it. Once the peer has disconnected the address is `unknown`, as RFC 7239 §6.2 calls it,
 * which no range contains.
 */
export function clientAddress(request: FastifyRequest): string {
  const { ips } = request
  // Without trusted proxies, the usual case, the peer is the only hop.
  const address =
    ips === undefined
      ? normalizeAddress(request.ip)
      : ips.map(normalizeAddress).findLast((hop) => hop !== null)
  return address ?? 'unknown'
}

/**
 * The canonical text of an address (RFC 5952: lower case, shortest form), without port and zone id;
 * IPv4-mapped IPv6 becomes IPv4. Null when the text is not an address.
 */
export function normalizeAddress(text: string | undefined): string | null {
  // The usual case: the peer's own IPv4 address.
  if (text !== undefined && isIPv4(text)) return text
  const address = withoutPort(text ?? '')
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const [withoutZone = ''] = address.split('%')
  const canonical = new SocketAddress({ address: withoutZone, family: 'ipv6' }).address
  return /^::ffff:([\d.]+)$/.exec(canonical)?.[1] ?? canonical
}

/** Some proxies write `192.0.2.1:443` and `[2001:db8::1]:443`. */
function withoutPort(text: string): string {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/.exec(text)
  return match?.[1] ?? match?.[2] ?? text
}
