/** For an application that asks for tokens. */

export { type Clock, systemClock } from '../transport/clock.ts'
export { type AuthorizedFetchOptions, createAuthorizedFetch } from './authorized-fetch.ts'
export type { ClientKey, ClientKeySource, SecretSource } from './credentials.ts'
export type { HeldToken } from './held-token.ts'
export { requestToken, TokenEndpointError, type TokenRequestOptions } from './request-token.ts'
export {
  AccessDeniedError,
  ConfigError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  TokenError,
  type TokenErrorCode,
} from './token-error.ts'
export type { TokenEvent, TokenLogger } from './token-events.ts'
export { type TokenCallOptions, TokenSource } from './token-source.ts'
export type { TokenSourceOptions } from './token-source-options.ts'
export type { TokenStore } from './token-store.ts'
