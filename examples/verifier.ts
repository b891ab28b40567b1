/** Shared by the four APIs: one verifier, created once, and their metadata for clients. */

import { BlockList, isIP } from 'node:net'
import { TokenSource } from '@modulariot/oauth/client'
import {
  type AccessTokenClaims,
  protectedResourceMetadata,
  protectedResourceMetadataUrl,
} from '@modulariot/oauth/protocol'
import {
  assertAddressAllowed,
  createVerifier,
  RemoteRevocations,
} from '@modulariot/oauth/resource-server'

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name}`)
  return value
}

const issuer = required('MIOT_ISSUER')
/** The API these tokens must be for: its URL, as clients reach it. */
const audience = required('MIOT_AUDIENCE')
const SCOPE = 'asset:track:write'

/** Names the authorization server of this API to a refused client (RFC 9728). */
const resource_metadata = protectedResourceMetadataUrl(audience)
export const METADATA_PATH = new URL(resource_metadata).pathname
export const METADATA = protectedResourceMetadata(audience, issuer, [SCOPE])

/**
 * With a client that may read the feed, a revoked token is refused within a second; without, when
 * it expires.
 */
function followRevocations(): RemoteRevocations | null {
  const client_id = process.env.MIOT_FOLLOWER_ID
  if (!client_id) return null
  const client_secret = required('MIOT_FOLLOWER_SECRET')
  return new RemoteRevocations({
    issuer,
    tokens: (feed) => new TokenSource({ issuer, client_id, client_secret, audience: feed }),
    failOpenForMs: 60_000,
  })
}

const revocations = followRevocations()
await revocations?.start()

/** Discovers the issuer's keys at the first token. */
export const verifier = createVerifier({
  issuer,
  audience,
  resource_metadata,
  ...(revocations && { revocations }),
})

/**
 * Authenticates a request. Pass errors to `verifier.challenge` for the response.
 *
 * @param address of the connection; behind a proxy, the address that the proxy reports, if you
 *   trust it.
 */
export async function authorize(
  authorization: string | undefined,
  address: string | undefined,
): Promise<AccessTokenClaims> {
  const claims = await verifier.verify(authorization, { scope: SCOPE })
  assertAddressAllowed(claims, address ?? '', isInList, ({ kind }) => console.warn(kind))
  return claims
}

function isInList(ranges: readonly string[], address: string): boolean {
  // IPv4, as a socket for both families writes it.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain) === 6 ? 'ipv6' : 'ipv4'
  const list = new BlockList()
  for (const range of ranges) {
    const [net = '', prefix = family === 'ipv6' ? '128' : '32'] = range.split('/')
    if (isIP(net) === isIP(plain)) list.addSubnet(net, Number(prefix), family)
  }
  return isIP(plain) !== 0 && list.check(plain, family)
}
