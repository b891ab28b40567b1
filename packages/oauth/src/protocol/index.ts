/** The protocol floor: words and shapes of the standards. No I/O, no clock. */

export * from './access-token.ts'
export * from './base64url.ts'
export * from './bearer.ts'
export * from './client-authentication.ts'
export * from './json-text.ts'
export * from './metadata.ts'
export * from './oauth-error.ts'
export * from './parameters.ts'
export * from './scope.ts'
export * from './token-request.ts'
export * from './token-response.ts'
