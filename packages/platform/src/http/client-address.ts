/**
 * Where a request comes from, in one spelling: allowlists, limits and the audit trail compare it as
 * text.
 *
 * Whose `X-Forwarded-For` counts was decided by the server's `trustedProxies`; nothing here trusts
 * anybody.
 */

import { isIP, isIPv4, SocketAddress } from 'node:net'
import type { FastifyRequest } from 'fastify'

/**
 * The address of the client: the last hop that no trusted proxy vouches for, or the peer.
 *
 * When the last hop named is no address (`unknown`, an obfuscated one), it is the hop that named
 * it. Once the peer is gone it is `unknown`, as RFC 7239 §6.2 calls it, which no range contains.
 */
export function clientAddress(request: FastifyRequest): string {
  const { ips } = request
  // Without trusted proxies, which is nearly always, there are no hops but the peer.
  const address =
    ips === undefined
      ? normalizeAddress(request.ip)
      : ips.map(normalizeAddress).findLast((hop) => hop !== null)
  return address ?? 'unknown'
}

/**
 * Canonical text of an address (RFC 5952: lower case, shortest form), without port and zone id, and
 * IPv4 where it is IPv4 mapped into IPv6. Null when the text is no address.
 */
export function normalizeAddress(text: string | undefined): string | null {
  // Nearly always the peer's, as it is.
  if (text !== undefined && isIPv4(text)) return text
  const address = withoutPort(text ?? '')
  const family = isIP(address)
  if (family !== 6) return family === 4 ? address : null
  const [withoutZone = ''] = address.split('%')
  const canonical = new SocketAddress({ address: withoutZone, family: 'ipv6' }).address
  return /^::ffff:([\d.]+)$/.exec(canonical)?.[1] ?? canonical
}

/** `192.0.2.1:443` and `[2001:db8::1]:443`, as some proxies write them. */
function withoutPort(text: string): string {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d+)?$/.exec(text)
  return match?.[1] ?? match?.[2] ?? text
}
