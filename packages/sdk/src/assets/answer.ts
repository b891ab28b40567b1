/** What the API's answers mean (the one shape of its refusals, and the statuses behind them). */

import {
  AccessDeniedError,
  RateLimitedError,
  retryAfterSeconds,
  ServerError,
} from '@modulariot/oauth/client'
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

/** Makes a text of the server's fit for an error: see `TokenSource.redact`. */
export type Redact = (text: string) => string

export function detailsOf(response: Response, nowMs: number, redact: Redact): AnswerDetails {
  const requestId = response.headers.get('x-request-id')
  return {
    status: response.status,
    requestId: requestId === null ? null : redact(requestId),
    retryAfterSeconds: retryAfterSeconds(response.headers, nowMs),
  }
}

/** A login page or a health check says 200 as well, and what it took for a report is gone. */
export function saysKept(status: number, body: unknown): boolean {
  return status === 200 && (body as Refusal | null | undefined)?.status === 'success'
}

/**
 * The error an answer that is not a success becomes. `body` is what it holds as JSON, if it does.
 */
export function errorOf(details: AnswerDetails, body: unknown, redact: Redact): Error {
  const { status } = details
  const refusal = (typeof body === 'object' && body !== null ? body : {}) as Refusal
  const errors = faultsIn(status, refusal)
  if (errors !== null) return new ValidationError(redacted(errors, redact), details)
  const message = messageOf(status, refusal, redact)
  if (status === 429) return new RateLimitedError(message, details)
  if (status === 401 || status === 403) return new AccessDeniedError(message, details)
  // 408 and 425 ask for another try, and whatever is no refusal is no answer of the API.
  if (status >= 500 || status < 400 || status === 408 || status === 425) {
    return new ServerError(message, details)
  }
  return new RefusedError(message, details, isOurs(refusal))
}

/** The API minds nothing but the request's time: another one, with the right time, may pass. */
export function refusesOurClock(status: number, body: unknown): boolean {
  const refusal = (typeof body === 'object' && body !== null ? body : {}) as Refusal
  const errors = faultsIn(status, refusal)
  return errors !== null && Object.keys(errors).join() === TIMESTAMP_HEADER
}

export const TIMESTAMP_HEADER = 'X-Request-Timestamp'

function faultsIn(status: number, { status: kind, errors }: Refusal) {
  const isValidation = status === 400 && kind === 'validation_error' && isTexts(errors)
  return isValidation && Object.keys(errors).length > 0 ? errors : null
}

/** The API's own shape. A proxy, a firewall or a captive portal answers 400 and 413 in another. */
function isOurs({ status, message, detail }: Refusal): boolean {
  return status === 'error' && typeof message === 'string' && typeof detail === 'string'
}

export function redacted(texts: Record<string, string>, redact: Redact): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map((pair) => pair.map(redact)))
}

function messageOf(status: number, { message, detail }: Refusal, redact: Redact): string {
  const words = [message, detail].filter((word) => typeof word === 'string' && word !== '')
  const told = words.map((word) => redact(word as string)).join(': ')
  return `The API answered ${status}${told === '' ? '' : `: ${told}`}`
}

export function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}
