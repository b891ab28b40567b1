/**
 * Whether a request that may carry a person's cookie comes from our own pages.
 *
 * `SameSite=Lax` alone is not enough: sites of the same registrable domain, and on loopback every
 * port, are the same site.
 */

import type { IncomingHttpHeaders } from 'node:http'

/** Whether the browser says so, or there is no browser and the request changes nothing. */
export function isOwnPage(headers: IncomingHttpHeaders, method: string, issuer: string): boolean {
  const site = headers['sec-fetch-site']
  const { origin } = headers
  // `Origin` too: after DNS rebinding, another site's page is of the same origin as its own server.
  if (origin !== undefined && !isOwnOrigin(origin, issuer)) return false
  if (site !== undefined) return site === 'same-origin'
  return origin !== undefined || method === 'GET'
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** On loopback, the names of this machine are one. */
function isOwnOrigin(origin: string, issuer: string): boolean {
  if (origin === issuer) return true
  const [one, other] = [URL.parse(origin), URL.parse(issuer)]
  if (one === null || other === null) return false
  return (
    one.protocol === other.protocol &&
    one.port === other.port &&
    LOOPBACK.has(one.hostname) &&
    LOOPBACK.has(other.hostname)
  )
}
