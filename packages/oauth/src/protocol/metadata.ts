/**
 * Metadata documents: RFC 8414 (authorization server), OpenID Connect Discovery 1.0 for libraries
 * that know no other, and RFC 9728 (protected resource).
 */

import { ASSERTION_ALGORITHMS } from './client-assertion.ts'
import { SIGNING_ALGORITHMS } from './signing-algorithms.ts'

export interface AuthorizationServerMetadata {
  readonly issuer: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly scopes_supported?: readonly string[]
  readonly response_types_supported: readonly string[]
  readonly grant_types_supported: readonly string[]
  readonly token_endpoint_auth_methods_supported: readonly string[]
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[]
  /** RFC 7009. */
  readonly revocation_endpoint: string
  readonly revocation_endpoint_auth_methods_supported: readonly string[]
  readonly revocation_endpoint_auth_signing_alg_values_supported: readonly string[]
  /** RFC 7662. */
  readonly introspection_endpoint: string
  readonly introspection_endpoint_auth_methods_supported: readonly string[]
  readonly introspection_endpoint_auth_signing_alg_values_supported: readonly string[]
  /**
   * Where resource servers follow revocations. Ours: RFC 8414 §2 allows additional members, and the
   * prefix keeps the name from colliding with one registered later. It is also the audience of
   * tokens for the feed.
   */
  readonly modulariot_revocation_feed_uri: string
}

const AUTHENTICATION_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/**
 * Lists exactly what is supported (RFC 8414 §2).
 *
 * `response_types_supported` is required there, parsers insist on it, and §3.2 forbids an empty
 * array. There is no authorization endpoint, so the only type listed is the registered `none`,
 * which returns neither a code nor a token.
 */
export function authorizationServerMetadata(
  issuer: string,
  scopes: readonly string[],
): AuthorizationServerMetadata {
  return {
    issuer,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    response_types_supported: ['none'],
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    revocation_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    introspection_endpoint_auth_methods_supported: AUTHENTICATION_METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
    modulariot_revocation_feed_uri: `${issuer}/oauth2/revocations`,
  }
}

export interface OpenIdConfiguration extends AuthorizationServerMetadata {
  readonly subject_types_supported: readonly string[]
  readonly id_token_signing_alg_values_supported: readonly string[]
}

/**
 * The same with what OpenID Connect Discovery 1.0 §3 requires besides, for verifiers and clients
 * that read only this document (Spring's `issuer-uri`, go-oidc).
 *
 * No ID token is issued: such libraries read the algorithms of access tokens from that member. The
 * one required member that is missing is `authorization_endpoint`, since any URL there would be one
 * that does not work. Kubernetes and GitHub Actions publish documents without it for the same use.
 */
export function openIdConfiguration(
  issuer: string,
  scopes: readonly string[],
): OpenIdConfiguration {
  return {
    ...authorizationServerMetadata(issuer, scopes),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: SIGNING_ALGORITHMS,
  }
}

export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly string[]
}

/** RFC 9728 §2. */
export function protectedResourceMetadata(
  resource: string,
  issuer: string,
  scopes: readonly string[],
): ProtectedResourceMetadata {
  return {
    resource,
    authorization_servers: [issuer],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
  }
}

/**
 * Where that document is served: the well-known part comes before the resource's path (RFC 9728
 * §3.1).
 */
export function protectedResourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = new URL(resource)
  const path = pathname === '/' ? '' : pathname
  return `${origin}/.well-known/oauth-protected-resource${path}${search}`
}
