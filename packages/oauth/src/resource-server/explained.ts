/**
 * Errors whose reason is for the operator: in `message` and `cause`, never in what goes on the
 * wire.
 */

import type { OAuthError } from '../protocol/index.ts'

/** Longer than any reason of ours; a server may have had a part in the text. */
const MAX_LENGTH = 500

/**
 * The error, with why behind its message. `error_description`, which clients see, stays as it is.
 */
export function explained(error: OAuthError, cause: unknown): OAuthError {
  const why = cause instanceof Error ? reasonOf(cause) : null
  if (why !== null) error.message = `${error.message} (${why.slice(0, MAX_LENGTH)})`
  return Object.assign(error, { cause })
}

/** `fetch` says no more than that it failed; its cause has the system's code. */
function reasonOf({ message, cause }: Error): string {
  const code = cause instanceof Error && 'code' in cause ? `: ${String(cause.code)}` : ''
  return `${message}${code}`
}
