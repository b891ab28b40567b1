/** Which URLs a client may name as its `jwks_uri`. */

import { invalidInput } from '../errors/admin-error.ts'
import { MAX_JWKS_URI_LENGTH } from '../records/client-limits.ts'

/**
 * Only as URL parsers print it: what another program reads in an odd spelling may name another host
 * (`https:\\h\x`, `https:h/x`, an empty user name, an address in octal). Whether its host may be
 * fetched from is decided when it is fetched.
 *
 * @throws AdminError `invalid_input`.
 */
export function assertJwksUri(jwks_uri: string): void {
  const url = URL.parse(jwks_uri)
  const isFit =
    url?.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    !jwks_uri.includes('#') &&
    jwks_uri.length <= MAX_JWKS_URI_LENGTH &&
    /^[\x21-\x7e]+$/.test(jwks_uri)
  if (!isFit) {
    throw invalidInput(
      `jwks_uri must be an https: URL of at most ${MAX_JWKS_URI_LENGTH} characters, without user name, password and fragment`,
    )
  }
  if (url.href !== jwks_uri) throw invalidInput(`jwks_uri must be written as ${url.href}`)
}
