/** For an application that asks for tokens. */

export { requestToken, TokenEndpointError, type TokenRequestOptions } from './request-token.ts'
