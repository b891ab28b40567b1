/**
 * The cookies of persons: a random token and our signature of it, so that a forged cookie costs no
 * query, and a stolen database opens no session.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'

/** The keys that sign cookies: the one in use, and while the encryption key changes, the other. */
export interface CookieKeys {
  readonly inUse: Uint8Array
  readonly other: Uint8Array | null
}

/** `__Host-`: only this host, over TLS, may set it (RFC 6265bis §4.1.3.2). */
export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-miot_session' : 'miot_session'
}

/** Holds what better-auth needs between the password and the second factor. */
export function challengeCookieName(secure: boolean): string {
  return secure ? '__Host-miot_second_factor' : 'miot_second_factor'
}

export function signCookie(value: string, { inUse }: CookieKeys): string {
  return `${value}.${signature(value, inUse).toString('base64url')}`
}

/** The value that was signed; null: it was not signed by us. */
export function openCookie(cookie: string, { inUse, other }: CookieKeys): string | null {
  const dot = cookie.lastIndexOf('.')
  if (dot === -1) return null
  const value = cookie.slice(0, dot)
  const presented = Buffer.from(cookie.slice(dot + 1), 'base64url')
  const keys = other === null ? [inUse] : [inUse, other]
  const signed = keys.some((key) => {
    const expected = signature(value, key)
    return expected.length === presented.length && timingSafeEqual(expected, presented)
  })
  return signed ? value : null
}

function signature(value: string, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(value).digest()
}

/** Longer headers than ours hold no cookie of ours that was not put there to slow us down. */
const MAX_HEADER_LENGTH = 8192

/**
 * The value of a cookie; null: there is none, or more than one, which a browser does not send for a
 * name with our prefix and path.
 */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined || header.length > MAX_HEADER_LENGTH) return null
  const prefix = `${name}=`
  const found = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
  return found.length === 1 ? (found[0] as string).slice(prefix.length) : null
}

/** `Set-Cookie` (RFC 6265bis §4.1); `maxAgeSeconds` 0 removes the cookie. */
export function setCookie(
  name: string,
  value: string,
  { secure, maxAgeSeconds }: { secure: boolean; maxAgeSeconds: number },
): string {
  const flags = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`
  return `${name}=${value}; ${flags}${secure ? '; Secure' : ''}`
}
