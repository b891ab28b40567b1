/**
 * Labels of refusals for metrics: few, fixed, and free of caller input.
 *
 * The compiler requires a row for every kind. A renamed kind keeps its label: dashboards and alerts
 * use it.
 */

import type { Refusal } from './oauth-error.ts'

const REFUSAL_LABELS = {
  malformed_request: 'malformed_request',
  missing_parameter: 'missing_parameter',
  unsupported_grant_type: 'unsupported_grant_type',
  no_client_authentication: 'no_client_authentication',
  malformed_client_authentication: 'malformed_client_authentication',
  malformed_secret: 'malformed_secret',
  malformed_assertion: 'malformed_assertion',
  unknown_client: 'unknown_client',
  wrong_secret: 'wrong_secret',
  secret_under_former_key: 'secret_under_former_key',
  bad_assertion: 'bad_assertion',
  bad_assertion_claim: 'bad_assertion_claim',
  secret_expired: 'secret_expired',
  client_disabled: 'client_disabled',
  address_not_allowed: 'address_not_allowed',
  audience_not_granted: 'audience_not_granted',
  scope_not_granted: 'scope_not_granted',
  too_many_failures: 'too_many_failures',
  quota_exceeded: 'quota_exceeded',
  over_bound: 'over_bound',
  no_token: 'no_token',
  malformed_token: 'malformed_token',
  unknown_key: 'unknown_key',
  bad_signature: 'bad_signature',
  claim_rejected: 'claim_rejected',
  revoked_token: 'revoked_token',
  foreign_token: 'foreign_token',
  insufficient_scope: 'insufficient_scope',
  unavailable: 'unavailable',
} as const satisfies Record<Refusal['kind'], string>

/** Every label, so that each counter can start at 0. */
export const ALL_REFUSAL_LABELS: readonly string[] = Object.values(REFUSAL_LABELS)

export function refusalLabel(reason: Refusal): string {
  return REFUSAL_LABELS[reason.kind]
}
