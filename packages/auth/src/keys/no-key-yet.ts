/** A token cannot be signed now (503). */

import { OAuthError, type SigningAlgorithm } from '@modulariot/oauth/protocol'

/**
 * Another process has created the first audience with this algorithm; its key arrives within a
 * second.
 */
export const noKeyYet = (alg: SigningAlgorithm): OAuthError =>
  unavailable(`no signing key for ${alg} yet`)

export function unavailable(detail: string, cause?: unknown): OAuthError {
  const reason = { kind: 'unavailable', detail } as const
  const error = new OAuthError('temporarily_unavailable', 'Temporarily unavailable', 503, reason)
  if (cause !== undefined) error.cause = cause
  return error
}
