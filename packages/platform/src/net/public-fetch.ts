/**
 * Fetches a document from a URL that the owner of a client has chosen.
 *
 * Such a URL must not reach this machine or its networks (server-side request forgery): only
 * `https:`, and every address that the name resolves to must be public. The addresses are checked
 * where the connection is made, so a name that resolves to another address later (DNS rebinding)
 * gains nothing. Redirects are not followed, and nothing but a GET is ever sent.
 */

import { lookup as resolve } from 'node:dns'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { addressInList } from './address-list.ts'
import { isPublicAddress } from './public-address.ts'

export interface PublicFetchOptions {
  /** Ranges (CIDR) that may be connected to although they are not public. */
  readonly allowedRanges?: readonly string[]
  /** Resolves names; default: the system's resolver. */
  readonly lookup?: typeof resolve
}

/** What is used of `fetch`: a GET, its headers and its signal. */
export type PublicFetch = (
  url: string | URL | Request,
  init?: { readonly headers?: unknown; readonly signal?: AbortSignal | null },
) => Promise<Response>

/**
 * A `fetch` for such URLs. The body streams: the caller bounds what it reads.
 *
 * It rejects with an Error that names the host, for a URL that is not `https:` or an address that
 * is not public, and with the errors of `node:https`.
 */
export function createPublicFetch(options: PublicFetchOptions = {}): PublicFetch {
  const { allowedRanges = [], lookup = resolve } = options
  const mayConnect = (address: string): boolean =>
    isPublicAddress(address) || addressInList(allowedRanges, address)

  /** Passed to the socket, which connects to what this returns. */
  const lookupPublic: LookupFunction = (hostname, lookupOptions, done) => {
    lookup(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0)
      const [first] = addresses
      const refused = addresses.find(({ address }) => !mayConnect(address))
      if (refused !== undefined || first === undefined) {
        return done(notPublic(hostname, refused?.address), '', 0)
      }
      if (lookupOptions.all) return done(null, addresses)
      return done(null, first.address, first.family)
    })
  }

  return async (input, { headers, signal } = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    if (url.protocol !== 'https:') throw new Error(`${url.host} must be fetched by https:`)
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
    // A socket does not look up an address.
    if (isIP(host) !== 0 && !mayConnect(host)) throw notPublic(host)
    const response = await get(url, headers, signal ?? undefined, lookupPublic)
    return toResponse(response)
  }
}

function get(
  url: URL,
  headers: unknown,
  signal: AbortSignal | undefined,
  lookup: LookupFunction,
): Promise<IncomingMessage> {
  return new Promise((onResponse, onError) => {
    const sent = Object.fromEntries(new Headers(headers as Record<string, string>))
    request(
      url,
      {
        // A connection of its own: one from a pool would not have been checked.
        agent: false,
        headers: { ...sent, 'accept-encoding': 'identity' },
        lookup,
        ...(signal && { signal }),
      },
      onResponse,
    )
      .on('error', onError)
      // Of an answer that is none (101), the signal does not tell either.
      .on('close', () => onError(new Error(`${url.host} gave no answer`)))
      .end()
  })
}

/** Statuses whose responses have no body (Fetch §2.2.3). */
const WITHOUT_BODY = [101, 103, 204, 205, 304]

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode as number
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value)
  }
  if (status < 200 || status > 599 || WITHOUT_BODY.includes(status)) {
    message.resume()
    return new Response(null, { status: status < 200 || status > 599 ? 502 : status, headers })
  }
  const body = Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>
  return new Response(body, { status, headers })
}

function notPublic(host: string, address = host): Error {
  const which = address === host ? host : `${host} (${address})`
  return new Error(`${which} is not on the public internet`)
}
