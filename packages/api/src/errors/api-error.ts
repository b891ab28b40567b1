/**
 * A refusal of ModularIoT API that is not about authorization. Rendered in http/error-handler.ts.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly detail: string
  /** Where it is known better than for all of that status. */
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, message: string, detail: string, retryAfterSeconds?: number) {
    super(message)
    this.status = status
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The request breaks the documented rules; every fault at once, by the path as it was sent. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
  readonly errors: Readonly<Record<string, string>>

  constructor(errors: Readonly<Record<string, string>>) {
    super('Request validation failed')
    this.errors = errors
  }
}
