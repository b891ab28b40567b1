/**
 * Which client says it is asking, and with what proof (RFC 6749 §2.3.1). Parsing only: whether the
 * proof holds is decided where the clients are.
 */

import { malformedRequest, OAuthError } from './oauth-error.ts'
import type { Parameters } from './parameters.ts'

export interface ClientCredentials {
  readonly method: 'client_secret_basic' | 'client_secret_post'
  readonly client_id: string
  readonly client_secret: string
}

/**
 * The credentials of a request, or the names of the parameters that are missing.
 *
 * @param authorization the `Authorization` header, if one was sent.
 * @throws OAuthError `invalid_client` (401) for a header we cannot use, `invalid_request` when two
 *   methods are used at once ("MUST NOT use more than one", §2.3).
 */
export function parseClientCredentials(
  parameters: Parameters,
  authorization: string | undefined,
): ClientCredentials | { missing: string[] } {
  const client_id = parameters.get('client_id')
  const client_secret = parameters.get('client_secret')
  if (authorization !== undefined) {
    if (client_secret !== undefined) {
      throw malformedRequest(
        'Use one client authentication method: Basic or client_secret, not both',
      )
    }
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

/** Both halves are form-encoded before they are joined (§2.3.1), which many clients forget: harmless
 * for us, since our ids and secrets are letters, digits and underscores. */
function parseBasic(authorization: string): ClientCredentials {
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
