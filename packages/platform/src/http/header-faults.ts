/**
 * Refuses, before any decision is made, header fields that two readers of one request could
 * understand differently.
 *
 * When a singleton field appears twice, Node keeps the first and silently drops the other; a proxy
 * in front may have used the other one.
 */

import type { IncomingMessage } from 'node:http'

/**
 * The fields that decisions depend on. Node itself refuses a second Content-Length or
 * Transfer-Encoding.
 */
const ONCE: ReadonlySet<string> = new Set(['host', 'authorization', 'content-type'])

/**
 * RFC 3986 §3.2.2 and §3.2.3: a name or an address, and optionally a port. It may be empty (RFC
 * 9110 §7.2).
 */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/

const LENGTHS: ReadonlySet<number> = new Set([...ONCE].map(({ length }) => length))

/** A description of the fault for the sender; null when there is none. */
export function headerFault({ headers, httpVersion, rawHeaders }: IncomingMessage): string | null {
  const { host } = headers
  // RFC 9112 §3.2: a missing, repeated or invalid Host is answered with 400.
  if (host === undefined) {
    if (httpVersion === '1.1') return 'The Host header is missing'
  } else if (!HOST.test(host)) return 'The Host header is not a host'
  const twice = repeated(rawHeaders)
  return twice === null ? null : `The header ${twice} may be sent only once`
}

/** @param rawHeaders names and values in turn, as they were sent. */
function repeated(rawHeaders: readonly string[]): string | null {
  let seen = ''
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index] as string
    if (!LENGTHS.has(sent.length)) continue
    const name = sent.toLowerCase()
    if (!ONCE.has(name)) continue
    if (seen.includes(` ${name}`)) return name
    seen += ` ${name}`
  }
  return null
}
