/**
 * The client-credentials token request (RFC 6749 §4.4.2, RFC 8707 §2), parsed and checked for form.
 */

import { type ClientCredentials, parseClientCredentials } from './client-authentication.ts'
import { MAX_COMPACT_LENGTH } from './compact-jws.ts'
import { malformedRequest, OAuthError } from './oauth-error.ts'
import { type Parameters, parameterTooLong } from './parameters.ts'
import { parseScope } from './scope.ts'

export interface TokenRequest {
  readonly credentials: ClientCredentials
  /**
   * The API the token is for: `audience`, or `resource` by its standard name; null leaves it to the
   * client's grants.
   */
  readonly audience: string | null
  /** The requested scopes; null requests everything granted. */
  readonly scope: readonly string[] | null
}

const MAX_VALUE_LENGTH = 2048

/**
 * The longest value of a parameter, in characters. A signed assertion is longer than any other
 * value.
 */
function maxLengthOf(name: string): number {
  return name === 'client_assertion' ? MAX_COMPACT_LENGTH : MAX_VALUE_LENGTH
}

/**
 * @param authorization the `Authorization` header, if one was sent.
 * @throws OAuthError that names every missing parameter at once.
 */
export function parseTokenRequest(
  parameters: Parameters,
  authorization: string | undefined,
): TokenRequest {
  for (const [name, value] of parameters) {
    const maxLength = maxLengthOf(name)
    if (value.length > maxLength) throw parameterTooLong(name, maxLength)
  }
  const credentials = parseClientCredentials(parameters, authorization)
  const grant_type = parameters.get('grant_type')
  const audience = parseAudience(parameters)
  if (grant_type !== undefined && grant_type !== 'client_credentials') throw unsupportedGrant()
  if ('missing' in credentials) {
    const { missing } = credentials
    if (grant_type === undefined) throw missingParameters([...missing, 'grant_type'])
    // A client_id alone is no client authentication, like no parameter at all (RFC 6749 §5.2).
    throw missing.includes('client_secret') ? noAuthentication(missing) : missingParameters(missing)
  }
  if (grant_type === undefined) throw missingParameters(['grant_type'])
  const scope = parameters.get('scope')
  return { credentials, audience, scope: scope === undefined ? null : parseScope(scope) }
}

function parseAudience(parameters: Parameters): string | null {
  const audience = parameters.get('audience')
  const resource = parameters.get('resource')
  if (resource !== undefined && !isResourceIndicator(resource)) {
    throw new OAuthError(
      'invalid_target',
      'resource must be an absolute URI without a fragment',
      400,
      {
        kind: 'malformed_request',
      },
    )
  }
  if (audience !== undefined && resource !== undefined && audience !== resource) {
    throw malformedRequest('audience and resource name different APIs; send one of them')
  }
  return audience ?? resource ?? null
}

/** RFC 8707 §2: an absolute URI (RFC 3986 §4.3) without a fragment. */
function isResourceIndicator(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]+$/.test(text)
}

function unsupportedGrant(): OAuthError {
  return new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials', 400, {
    kind: 'unsupported_grant_type',
  })
}

function noAuthentication(missing: string[]): OAuthError {
  return new OAuthError('invalid_client', missingText(missing), 401, {
    kind: 'no_client_authentication',
  })
}

function missingParameters(missing: string[]): OAuthError {
  return new OAuthError('invalid_request', missingText(missing), 400, {
    kind: 'missing_parameter',
    parameters: missing,
  })
}

function missingText(missing: string[]): string {
  return `Missing required parameter${missing.length > 1 ? 's' : ''}: ${missing.join(', ')}`
}
