/**
 * Request parameters of the token endpoint, from a form (RFC 6749 §4.4.2) or from JSON (the
 * documented alternative), as one flat map.
 *
 * Both follow RFC 6749 §3.2: a repeated parameter is refused, one without a value counts as not
 * sent, an unknown one is ignored.
 */

import { malformedRequest, OAuthError } from './oauth-error.ts'

export type Parameters = ReadonlyMap<string, string>

/** @throws OAuthError `invalid_request` for a repeated parameter. */
export function parametersFromForm(body: string): Parameters {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body)) {
    if (parameters.has(name)) throw repeated(name)
    parameters.set(name, value)
  }
  return withoutEmpty(parameters)
}

/**
 * @param value the result of `JSON.parse`, of a text without duplicate members.
 * @throws OAuthError `invalid_request` for a value that is not an object.
 */
export function parametersFromJson(value: unknown): Parameters {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformedRequest('The body must be a JSON object')
  }
  const parameters = new Map<string, string>()
  for (const [name, member] of Object.entries(value)) {
    // Code that copies members carelessly would set an object's prototype.
    if (name === '__proto__') throw malformedRequest('A member may not be named __proto__')
    if (typeof member === 'string') parameters.set(name, member)
    else if (KNOWN.has(name) && member !== null) {
      throw malformedRequest(`${name} must be a string`)
    }
  }
  return withoutEmpty(parameters)
}

/** The parameters of a token request; all others are ignored, whatever they hold. */
const KNOWN: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'audience',
  'resource',
  'scope',
])

/** Those, and the parameters of requests about a token (RFC 7009 §2.1, RFC 7662 §2.1). */
const NAMED: ReadonlySet<string> = new Set([...KNOWN, 'token', 'token_type_hint'])

/** True when a query string has a parameter that belongs in the body (RFC 6749 §2.3.1). */
export function queryHoldsParameters(query: string): boolean {
  return [...new URLSearchParams(query).keys()].some((name) => NAMED.has(name))
}

/** Quotes the name only when it looks like a parameter's: the caller chose it. */
export function parameterTooLong(name: string, maxLength: number): OAuthError {
  const what = /^[a-z_]{1,32}$/.test(name) ? name : 'A parameter'
  return malformedRequest(`${what} is longer than ${maxLength} characters`)
}

function withoutEmpty(parameters: Map<string, string>): Parameters {
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
}

function repeated(name: string): OAuthError {
  // RFC 8707 §2 allows `resource` to repeat; we do not issue one token for several APIs.
  if (name === 'resource') {
    return new OAuthError('invalid_target', 'Request one resource per token', 400, {
      kind: 'malformed_request',
    })
  }
  const what = NAMED.has(name) ? `The parameter ${name}` : 'A parameter'
  return malformedRequest(`${what} is repeated`)
}
