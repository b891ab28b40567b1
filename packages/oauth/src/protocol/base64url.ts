/**
 * Canonical base64url (RFC 4648 §5, §3.5): no padding, no stray characters, no unused bits set.
 *
 * Node and `atob` accept all three; a lenient decoder allows many spellings of one signed token,
 * and whatever is keyed by the token's text (caches, revocation) then misses.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PATTERN = /^[A-Za-z0-9_-]+$/

/** True when this text is the one canonical encoding of some bytes. The empty text is not. */
export function isCanonicalBase64url(text: string): boolean {
  if (!PATTERN.test(text)) return false
  const rest = text.length % 4
  if (rest === 0) return true
  if (rest === 1) return false
  const last = ALPHABET.indexOf(text[text.length - 1] as string)
  return rest === 2 ? (last & 0b1111) === 0 : (last & 0b11) === 0
}

/**
 * Decodes canonical base64url to UTF-8 text, keeping a byte order mark; null when the text is not
 * canonical or not UTF-8.
 */
export function decodeBase64urlText(text: string): string | null {
  if (!isCanonicalBase64url(text)) return null
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
