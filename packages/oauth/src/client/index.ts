/** For an application that needs tokens, and for an SDK that calls the API with them. */

export { urlFault } from '../protocol/secure-url.ts'
export { BodyTooLong, boundedText } from '../transport/bounded-text.ts'
export { type Clock, MAX_TIMER_MS, systemClock } from '../transport/clock.ts'
export { retryAfterSeconds } from '../transport/retry-after.ts'
export { type AuthorizedFetchOptions, createAuthorizedFetch } from './authorized-fetch.ts'
export type { ClientKey, ClientKeySource, SecretSource } from './credentials.ts'
export type { HeldToken } from './held-token.ts'
export { plainText } from './plain-text.ts'
export { requestToken, TokenEndpointError, type TokenRequestOptions } from './request-token.ts'
export { ServerClock } from './server-clock.ts'
export { settingText } from './setting-text.ts'
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
