/** Which addresses a secret or a token may be sent to. */

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Why this address may not be used, as the end of a sentence; null when it may.
 *
 * Plain `http:` is for loopback only, unless the caller states that something else protects the
 * connection.
 */
export function urlFault(text: string, allowInsecureRequests = false): string | null {
  if (!URL.canParse(text)) return 'is not an absolute URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is not an https: URL'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (url.hash !== '') return 'must not have a fragment'
  if (url.protocol === 'http:' && !allowInsecureRequests && !LOOPBACK.test(url.hostname)) {
    return 'must be https: outside of this machine'
  }
  return null
}
