/** The errors that an answer's status stands for, the same for both APIs. */

import { AccessDeniedError, RateLimitedError, ServerError } from '@modulariot/oauth/client'

interface RefusalDetails {
  readonly status: number
  readonly requestId: string | null
}

/** A new code is a new row. */
const CODES = { 404: 'not_found', 409: 'conflict', 412: 'precondition_failed' } as const

export type RefusalCode = (typeof CODES)[keyof typeof CODES] | 'refused'

/** The server refuses this request, and would again: 404, 409, 413, 415 and the like. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly code: RefusalCode
  readonly retryable = false
  readonly status: number
  readonly requestId: string | null
  /** True when the API itself refused it, not a proxy in between. */
  readonly isFinal: boolean

  constructor(message: string, details: RefusalDetails, isFinal: boolean) {
    super(message)
    this.code = CODES[details.status as keyof typeof CODES] ?? 'refused'
    this.status = details.status
    this.requestId = details.requestId
    this.isFinal = isFinal
  }
}

interface StatusDetails extends RefusalDetails {
  readonly retryAfterSeconds: number | null
  /** The server's own code. */
  readonly error?: string | null
}

/** The error of an answer that may change; null: a refusal of this very request. */
export function errorOfStatus(message: string, details: StatusDetails): Error | null {
  const { status } = details
  if (status === 429) return new RateLimitedError(message, details)
  if (status === 401 || status === 403) return new AccessDeniedError(message, details)
  // 408 and 425 request a retry, and anything that is not a refusal did not come from the API.
  if (status >= 500 || status < 400 || status === 408 || status === 425) {
    return new ServerError(message, details)
  }
  return null
}
