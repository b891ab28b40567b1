/** The details that errors about answers of either API share. */

import { retryAfterSeconds } from '@modulariot/oauth/client'

export interface AnswerDetails {
  readonly status: number
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
  /** Method, URL and client, for messages. */
  readonly asked?: string
}

/** Makes a text from the server fit for an error: see `TokenSource.redact`. */
export type Redact = (text: string) => string

export function detailsOf(response: Response, nowMs: number, redact: Redact): AnswerDetails {
  const requestId = response.headers.get('x-request-id')
  return {
    status: response.status,
    requestId: requestId === null ? null : redact(requestId),
    retryAfterSeconds: retryAfterSeconds(response.headers, nowMs),
  }
}
