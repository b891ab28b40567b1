/**
 * The client a request claims to come from, and its proof (RFC 6749 §2.3, RFC 7523 §2.2). Parsing
 * only: the proof is verified where the clients are known.
 */

import {
  CLIENT_ASSERTION_TYPE,
  type ClientAssertion,
  readClientAssertion,
} from './client-assertion.ts'
import { malformedRequest, OAuthError } from './oauth-error.ts'
import type { Parameters } from './parameters.ts'

export type ClientCredentials = SecretCredentials | AssertionCredentials

export interface SecretCredentials {
  readonly method: 'client_secret_basic' | 'client_secret_post'
  readonly client_id: string
  readonly client_secret: string
}

export interface AssertionCredentials {
  readonly method: 'private_key_jwt'
  readonly client_id: string
  readonly client_assertion: ClientAssertion
}

/**
 * The credentials of a request, or the names of the missing parameters.
 *
 * @param authorization the `Authorization` header, if one was sent.
 * @throws OAuthError `invalid_client` (401) for an unusable header or assertion, `invalid_request`
 *   when two methods are used at once ("MUST NOT use more than one", RFC 6749 §2.3).
 */
export function parseClientCredentials(
  parameters: Parameters,
  authorization: string | undefined,
): ClientCredentials | { missing: string[] } {
  const client_id = parameters.get('client_id')
  const client_secret = parameters.get('client_secret')
  const asserts = parameters.has('client_assertion') || parameters.has('client_assertion_type')
  const methods = [authorization !== undefined, client_secret !== undefined, asserts]
  if (methods.filter(Boolean).length > 1) {
    throw malformedRequest(
      'Use one client authentication method: Basic, client_secret or client_assertion',
    )
  }
  if (asserts) return parseAssertion(parameters)
  if (authorization !== undefined) {
    const basic = parseBasic(authorization)
    if (client_id !== undefined && client_id !== basic.client_id) {
      throw malformedRequest('client_id differs between the Authorization header and the body')
    }
    return basic
  }
  if (client_id !== undefined && client_secret !== undefined) {
    return { method: 'client_secret_post', client_id, client_secret }
  }
  const missing: string[] = []
  if (client_id === undefined) missing.push('client_id')
  if (client_secret === undefined) missing.push('client_secret')
  return { missing }
}

/** `client_id` is optional; if sent, it must equal the subject (RFC 7521 §4.2). */
function parseAssertion(parameters: Parameters): AssertionCredentials | { missing: string[] } {
  const names = ['client_assertion', 'client_assertion_type']
  const missing = names.filter((name) => !parameters.has(name))
  if (missing.length > 0) return { missing }
  if (parameters.get('client_assertion_type') !== CLIENT_ASSERTION_TYPE) {
    throw malformedRequest(`client_assertion_type must be ${CLIENT_ASSERTION_TYPE}`)
  }
  const client_assertion = readClientAssertion(parameters.get('client_assertion') as string)
  if ('fault' in client_assertion) throw unusableAssertion(client_assertion.fault)
  const client_id = parameters.get('client_id') ?? client_assertion.sub
  if (client_id !== client_assertion.sub) {
    throw malformedRequest('client_id differs from the subject of client_assertion')
  }
  return { method: 'private_key_jwt', client_id, client_assertion }
}

/**
 * Both halves are form-encoded before they are joined (§2.3.1), which many clients forget: harmless
 * here, since our ids and secrets are letters, digits and underscores.
 */
function parseBasic(authorization: string): SecretCredentials {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.trim())?.[1]
  const text = encoded === undefined ? null : decodeBase64(encoded)
  const colon = text?.indexOf(':') ?? -1
  if (text === null || colon < 1) throw unusableHeader()
  const client_id = formDecode(text.slice(0, colon))
  const client_secret = formDecode(text.slice(colon + 1))
  if (!client_id || !client_secret) throw unusableHeader()
  return { method: 'client_secret_basic', client_id, client_secret }
}

function decodeBase64(encoded: string): string | null {
  try {
    return atob(encoded)
  } catch {
    return null
  }
}

function formDecode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

function unusableHeader(): OAuthError {
  return new OAuthError(
    'invalid_client',
    'The Authorization header is not HTTP Basic with a client_id and a client_secret',
    401,
    { kind: 'malformed_client_authentication' },
  )
}

/** Worded like a failed proof, so that a forger does not learn how close the attempt was. */
function unusableAssertion(detail: string): OAuthError {
  return new OAuthError('invalid_client', 'Client authentication failed', 401, {
    kind: 'malformed_assertion',
    detail,
  })
}
