/** For an API that accepts our tokens: verifies them, and explains refusals. */

export { MAX_TIMER_MS } from '../transport/clock.ts'
export { assertAddressAllowed } from './allowed-addresses.ts'
export { type Challenge, challenge } from './challenge.ts'
export type { AccessTokenHeader } from './compact-token.ts'
export { findVerificationKey, type JsonWebKeySet } from './json-web-key-set.ts'
export type { KeySource } from './key-source.ts'
export { RemoteJwks, type RemoteJwksOptions } from './remote-jwks.ts'
export {
  RemoteRevocations,
  type RemoteRevocationsOptions,
  type RevocationsEvent,
} from './remote-revocations.ts'
export type { FeedTokens, RevocationFeedOptions } from './revocation-feed.ts'
export {
  type RevocableToken,
  RevocationList,
  type RevocationSource,
} from './revocation-list.ts'
export {
  type Challenger,
  type Checkable,
  createVerifier,
  type Verifier,
  type VerifierOptions,
} from './verifier.ts'
