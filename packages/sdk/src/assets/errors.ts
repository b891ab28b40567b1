/**
 * Errors of a report, in addition to those of a token.
 *
 * `NetworkError`, `TimeoutError`, `RateLimitedError`, `ServerError` and `AccessDeniedError` are
 * those of `@modulariot/oauth/client`: a catch block need not know which of the two requests
 * failed.
 */

interface ReportErrorDetails {
  readonly status?: number | null
  readonly requestId?: string | null
}

/** The report is invalid. Detected before sending, or by the server. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError'
  readonly code = 'validation_error'
  readonly retryable = false
  readonly status: number | null
  readonly requestId: string | null
  /** What is wrong, by path as sent: `gps.latitude`, `metrics.items[0].v`. */
  readonly errors: Readonly<Record<string, string>>
  /** False when only the time of the request was wrong: the report itself may be valid. */
  readonly isFinal: boolean

  constructor(errors: Readonly<Record<string, string>>, details: ReportErrorDetails = {}) {
    const lines = Object.entries(errors).map(([path, fault]) => `${path} ${fault}`)
    super(`The report is not valid: ${lines.join('; ')}`)
    this.errors = errors
    this.isFinal = Object.keys(errors).some((path) => path !== 'X-Request-Timestamp')
    this.status = details.status ?? null
    this.requestId = details.requestId ?? null
  }
}

/** The buffer is full or closed. The pushed report is not kept. */
export class BufferError extends Error {
  override readonly name = 'BufferError'
  readonly code: 'buffer_full' | 'buffer_closed'
  readonly status = null
  readonly requestId = null
  readonly retryable: boolean

  constructor(code: BufferError['code'], message: string) {
    super(message)
    this.code = code
    this.retryable = code === 'buffer_full'
  }
}
