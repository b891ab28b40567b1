/** A refusal for reasons other than authorization. Rendered in http/error-handler.ts. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly detail: string
  /** Overrides the default `Retry-After` of the status. */
  readonly retryAfterSeconds: number | undefined

  constructor(status: number, message: string, detail: string, retryAfterSeconds?: number) {
    super(message)
    this.status = status
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A request that breaks the documented rules, with all of its faults by path as sent. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
  readonly errors: Readonly<Record<string, string>>

  constructor(errors: Readonly<Record<string, string>>) {
    super('Request validation failed')
    this.errors = errors
  }
}
