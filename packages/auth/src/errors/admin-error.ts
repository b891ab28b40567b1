/** An administrator's request that cannot be carried out; the message names what to change. */

/** A new code is a new row, with the HTTP status it stands for. */
export const ADMIN_ERROR_STATUS = {
  invalid_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  insufficient_scope: 403,
  cross_site: 403,
  not_found: 404,
  conflict: 409,
  precondition_failed: 412,
  too_many_requests: 429,
} as const

export type AdminErrorCode = keyof typeof ADMIN_ERROR_STATUS

export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: AdminErrorCode
  /** The message without what the caller sent; null: the message may be on the wire. */
  readonly publicMessage: string | null

  constructor(code: AdminErrorCode, message: string, publicMessage: string | null = null) {
    super(message)
    this.code = code
    this.publicMessage = publicMessage
  }
}

export function invalidInput(message: string): AdminError {
  return new AdminError('invalid_input', message)
}
