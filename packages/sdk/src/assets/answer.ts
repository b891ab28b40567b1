/** What the API's answers mean (the one shape of its refusals, and the statuses behind them). */

import { AccessDeniedError, RateLimitedError, ServerError } from '@modulariot/oauth/client'
import { RefusedError, ValidationError } from './errors.ts'

/** Any of the API's refusals; members that are missing or odd count as not there. */
interface Refusal {
  readonly status?: unknown
  readonly message?: unknown
  readonly detail?: unknown
  readonly errors?: unknown
}

export interface AnswerDetails {
  readonly status: number
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
}

export function detailsOf(response: Response, nowMs: number): AnswerDetails {
  return {
    status: response.status,
    requestId: response.headers.get('x-request-id'),
    retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after'), nowMs),
  }
}

/** The error an answer that is not a success becomes. `body` is what it holds as JSON, if it does. */
export function errorOf(details: AnswerDetails, body: unknown): Error {
  const { status, requestId } = details
  const refusal = (typeof body === 'object' && body !== null ? body : {}) as Refusal
  if (status === 400 && refusal.status === 'validation_error' && isTexts(refusal.errors)) {
    return new ValidationError(refusal.errors, details)
  }
  const message = messageOf(status, refusal)
  if (status === 429) return new RateLimitedError(message, details)
  if (status === 401 || status === 403) return new AccessDeniedError(message, details)
  // 408 and 425 ask for another try, and whatever is no refusal is no answer of the API.
  if (status >= 500 || status < 400 || status === 408 || status === 425) {
    return new ServerError(message, details)
  }
  return new RefusedError(message, status, requestId)
}

function messageOf(status: number, { message, detail }: Refusal): string {
  const words = [message, detail].filter((word) => typeof word === 'string' && word !== '')
  return `The API answered ${status}${words.length > 0 ? `: ${words.join(': ').slice(0, 500)}` : ''}`
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}

/** RFC 9110 §10.2.3: seconds or a date, of which at most an hour counts, as it is taken by our clock. */
function retryAfterSeconds(value: string | null, nowMs: number): number | null {
  if (value === null) return null
  if (/^\d{1,9}$/.test(value.trim())) return Number(value)
  const date = Date.parse(value)
  return Number.isNaN(date) ? null : Math.min(Math.max(0, (date - nowMs) / 1000), 3600)
}
