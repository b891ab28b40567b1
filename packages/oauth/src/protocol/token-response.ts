/** The successful answer of the token endpoint (RFC 6749 §5.1). */

export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  /** Seconds until the client should request the next token; ours, not the RFC's. */
  readonly refresh_in: number
  readonly scope: string
}
