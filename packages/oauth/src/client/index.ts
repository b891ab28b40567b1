/** For an application that asks for tokens. */

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
} from './token-error.ts'
