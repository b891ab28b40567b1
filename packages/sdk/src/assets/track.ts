/** Sends one report to `POST /v1/asset/track`. */

import type { ApiDeps } from '../request/send.ts'
import { confirmsKept, errorOf, isTexts, redacted } from './answer.ts'
import { ValidationError } from './errors.ts'
import { post } from './post.ts'
import type { Report } from './report.ts'
import { onlyFromFuture, type Stamps } from './stamps.ts'

export interface Tracked {
  /** The id it is kept under: the `X-Request-Id`. */
  readonly request_id: string
  /** True when an earlier attempt had been kept, and its answer was lost. */
  readonly replayed: boolean
  /** By path: what the server kept without knowing it, such as an unknown metric key. */
  readonly warnings?: Readonly<Record<string, string>>
}

/**
 * One attempt. The request id is the report's own, so that a second attempt cannot duplicate it.
 */
export async function sendReport(
  report: Report,
  deps: ApiDeps,
  signal?: AbortSignal,
): Promise<Tracked> {
  const answer = await post(
    {
      path: '/v1/asset/track',
      requestId: report.request_id,
      contentType: 'application/json',
      body: report.body,
      signal,
    },
    deps,
  )
  if (!confirmsKept(answer.status, answer.json)) throw errorOf(answer, answer.json, deps.redact)
  const { warnings } = answer.json as { warnings?: unknown }
  return {
    request_id: report.request_id,
    replayed: answer.replayed,
    ...(isTexts(warnings) && { warnings: redacted(warnings, deps.redact) }),
  }
}

/** One attempt, and another with other times when the server refuses those in the future. */
export async function sendStamped(
  report: Report,
  stamps: Stamps,
  deps: ApiDeps,
  signal?: AbortSignal,
): Promise<Tracked> {
  const send = async () => {
    const [current = report] = await stamps.current([report])
    return sendReport(current, deps, signal)
  }
  try {
    return await send()
  } catch (error) {
    const isFromFuture = error instanceof ValidationError && onlyFromFuture(error.errors)
    if (!isFromFuture || !stamps.move([report])) throw error
    return send()
  }
}
