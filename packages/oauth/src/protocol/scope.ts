/** Scope strings (RFC 6749 §3.3): space-delimited, case-sensitive, in no particular order. */

import { OAuthError } from './oauth-error.ts'

/** NQCHAR of RFC 6749 Appendix A.4: printable ASCII except space, quote and backslash. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** True for one well-formed scope token. */
export function isScopeToken(text: string): boolean {
  return SCOPE_TOKEN.test(text)
}

/**
 * The distinct scope tokens of a `scope` parameter, in the order sent.
 *
 * @throws OAuthError `invalid_scope` when it does not follow the grammar.
 */
export function parseScope(scope: string): string[] {
  const tokens = scope.split(' ').filter((token) => token !== '')
  if (tokens.length === 0 || !tokens.every(isScopeToken)) {
    throw new OAuthError(
      'invalid_scope',
      'scope must be a space-delimited list of scope names',
      400,
      {
        kind: 'malformed_request',
      },
    )
  }
  return [...new Set(tokens)]
}

/** True when a token's `scope` claim includes the required scope. */
export function scopeIncludes(scope: string, wanted: string): boolean {
  return scope.split(' ').includes(wanted)
}
