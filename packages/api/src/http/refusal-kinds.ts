/**
 * Kinds of refusals in the log, beside those of tokens (`Refusal` of @modulariot/oauth): a fixed
 * list, so that they can be counted and searched for. A new one is a new row.
 */

import { OAuthError } from '@modulariot/oauth/protocol'
import type { LoggedReason } from '@modulariot/platform/http'
import { JsonBodyError } from '@modulariot/platform/json'
import { ApiError, ValidationError } from '../errors/api-error.ts'

const KINDS_BY_STATUS = {
  400: 'invalid_request',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'request_id_conflict',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  499: 'client_gone',
} as const satisfies Readonly<Record<number, string>>

export const API_REFUSAL_KINDS: readonly string[] = [
  ...Object.values(KINDS_BY_STATUS),
  'invalid_json',
  'validation_error',
]

/**
 * What to log of a refusal. `detail` of our own errors is constant; the messages of libraries may
 * repeat what was sent.
 */
export function reasonOf(error: Error, status: number): LoggedReason {
  if (error instanceof OAuthError) return error.reason
  if (error instanceof ValidationError) return { kind: 'validation_error' }
  if (error instanceof JsonBodyError) return withDetail('invalid_json', error)
  const kind = Object.hasOwn(KINDS_BY_STATUS, status)
    ? KINDS_BY_STATUS[status as keyof typeof KINDS_BY_STATUS]
    : KINDS_BY_STATUS[400]
  return error instanceof ApiError ? withDetail(kind, error) : { kind }
}

function withDetail(kind: string, { message }: Error): LoggedReason & { readonly detail: string } {
  return { kind, detail: message }
}
