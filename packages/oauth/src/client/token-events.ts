/**
 * What a token source reports about itself, for logs and metrics. No event holds a secret or a
 * token.
 */

import type { TokenError } from './token-error.ts'

export type TokenEvent =
  /**
   * A token was obtained from the server or the store. `usable_ms` 0: it is used once and not kept.
   */
  | { readonly kind: 'obtained'; readonly from: 'server' | 'store'; readonly usable_ms: number }
  /** Callers are unaffected so far: the current token is still good. */
  | {
      readonly kind: 'refresh_failed'
      readonly error: TokenError
      readonly next_try_in_ms: number
    }
  /** Every caller waiting for a token gets this error. */
  | { readonly kind: 'failed'; readonly error: TokenError }
  | { readonly kind: 'secret_reread' }
  /** The API refused the current token. */
  | { readonly kind: 'forgotten' }
  /** The store failed; the token was obtained without it. */
  | { readonly kind: 'store_failed'; readonly what: 'read' | 'lock' | 'write' }

/** The part of `console`, and of most loggers, that is used. */
export interface TokenLogger {
  warn(message: string): void
}

/** One line for events an operator should read; null for the rest. */
export function logLine(event: TokenEvent): string | null {
  switch (event.kind) {
    case 'refresh_failed': {
      const seconds = Math.ceil(event.next_try_in_ms / 1000)
      return `token refresh failed, retrying in ${seconds} s: ${event.error.message}`
    }
    case 'failed':
      return `no token: ${event.error.message}`
    case 'store_failed':
      return `the token store could not be used (${event.what})`
    case 'obtained':
      return event.usable_ms > 0 ? null : 'the server does not state the lifetime of its token'
    case 'secret_reread':
      return 'the secret was refused, reading it again'
    case 'forgotten':
      return null
  }
}
