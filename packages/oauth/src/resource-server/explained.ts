/** Errors whose cause is for the operator: in `message` and `cause`, never on the wire. */

import type { OAuthError } from '../protocol/index.ts'

/** Longer than any cause of our own; a server may have written part of the text. */
const MAX_LENGTH = 500

/** Appends the cause to the message. `error_description`, which clients see, is unchanged. */
export function explained(error: OAuthError, cause: unknown): OAuthError {
  const why = cause instanceof Error ? messageWithCode(cause) : null
  if (why !== null) error.message = `${error.message} (${why.slice(0, MAX_LENGTH)})`
  return Object.assign(error, { cause })
}

/** `fetch` reports only that it failed; its cause has the system's error code. */
function messageWithCode({ message, cause }: Error): string {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : ''
  return `${message}${code}`
}
