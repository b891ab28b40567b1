/** The two faces of the token endpoint, and all differences between them. */

export interface Refusal {
  readonly status: number
  readonly error: string
  /** Exact; without it, any text is accepted. */
  readonly error_description?: string
  /** Names that the description must contain. */
  readonly names?: readonly string[]
}

export interface Face {
  readonly path: '/api/v1/login' | '/oauth2/token'
  /** An unknown client, a wrong or malformed secret, an unusable `Authorization`. */
  readonly badClient: Refusal
  /** Complete except for client authentication. */
  readonly noAuthentication: Refusal
  readonly audienceNotGranted: Refusal
  readonly scopeNotGranted: Refusal
}

/** The responses in the published ModularIoT documents. */
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

/** The responses in RFC 6749 §5.2 and RFC 8707 §2. */
export const STANDARD: Face = {
  path: '/oauth2/token',
  badClient: { status: 401, error: 'invalid_client' },
  noAuthentication: { status: 401, error: 'invalid_client' },
  audienceNotGranted: { status: 400, error: 'invalid_target' },
  scopeNotGranted: { status: 400, error: 'invalid_scope' },
}
