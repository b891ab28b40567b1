/** The two faces of the token endpoint, and all the difference there is between them. */

export interface Refusal {
  readonly status: number
  readonly error: string
  /** Exact; where it is left out, any sentence will do. */
  readonly error_description?: string
  /** What the description must name. */
  readonly names?: readonly string[]
}

export interface Face {
  readonly path: '/api/v1/login' | '/oauth2/token'
  /** Unknown, wrong secret, malformed secret, unusable `Authorization`. */
  readonly badClient: Refusal
  /** Complete but for any client authentication at all. */
  readonly noAuthentication: Refusal
  readonly audienceNotGranted: Refusal
  readonly scopeNotGranted: Refusal
}

/** As the published ModularIoT documents have it. */
export const DOCUMENTED: Face = {
  path: '/api/v1/login',
  badClient: { status: 401, error: 'access_denied', error_description: 'Unauthorized' },
  noAuthentication: { status: 400, error: 'invalid_request' },
  audienceNotGranted: {
    status: 403,
    error: 'access_denied',
    error_description: 'Client is not authorized to access the audience',
  },
  scopeNotGranted: { status: 403, error: 'access_denied' },
}

/** As RFC 6749 §5.2 and RFC 8707 §2 have it. */
export const STANDARD: Face = {
  path: '/oauth2/token',
  badClient: { status: 401, error: 'invalid_client' },
  noAuthentication: { status: 401, error: 'invalid_client' },
  audienceNotGranted: { status: 400, error: 'invalid_target' },
  scopeNotGranted: { status: 400, error: 'invalid_scope' },
}
