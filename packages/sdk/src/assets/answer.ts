/** What the API's answers mean: its one format of refusals, and the status codes. */

import type { AnswerDetails, Redact } from '../request/details.ts'
import { errorOfStatus, RefusedError } from '../request/refused-error.ts'
import { ValidationError } from './errors.ts'

/** Any of the API's refusals; missing or invalid members count as absent. */
interface Refusal {
  readonly status?: unknown
  readonly message?: unknown
  readonly detail?: unknown
  readonly errors?: unknown
}

/**
 * A status of 200 is not enough: a login page or a health check answers 200 too, and the report
 * would be lost.
 */
export function confirmsKept(status: number, body: unknown): boolean {
  return status === 200 && (body as Refusal | null | undefined)?.status === 'success'
}

/** The error for an answer that is not a success. `body` is its parsed JSON, if any. */
export function errorOf(details: AnswerDetails, body: unknown, redact: Redact): Error {
  const { status } = details
  const refusal = (typeof body === 'object' && body !== null ? body : {}) as Refusal
  const errors = faultsIn(status, refusal)
  if (errors !== null) return new ValidationError(redacted(errors, redact), details)
  const where = details.asked === undefined ? '' : ` (${details.asked})`
  const message = `${messageOf(status, refusal, redact)}${where}`
  return errorOfStatus(message, details) ?? new RefusedError(message, details, isOurs(refusal))
}

/**
 * True when the API objects only to the time of the request: a retry with the right time may pass.
 */
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

/** The API's own format. A proxy, a firewall or a captive portal answers 400 and 413 in another. */
function isOurs({ status, message, detail }: Refusal): boolean {
  return status === 'error' && typeof message === 'string' && typeof detail === 'string'
}

export function redacted(texts: Record<string, string>, redact: Redact): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map((pair) => pair.map(redact)))
}

function messageOf(status: number, { message, detail }: Refusal, redact: Redact): string {
  const words = [message, detail].filter((word) => typeof word === 'string' && word !== '')
  const text = words.map((word) => redact(word as string)).join(': ')
  return `The API answered ${status}${text === '' ? '' : `: ${text}`}`
}

export function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  )
}
