/** Sends the admin API's calls with the client's token, and turns refusals into errors. */

import { ServerError } from '@modulariot/oauth/client'
import type { Redact } from '../request/details.ts'
import { errorOfStatus, RefusedError } from '../request/refused-error.ts'
import type { Retry } from '../request/retries.ts'
import { type ApiAnswer, type ApiDeps, send } from '../request/send.ts'
import type { BulkResult } from './records.ts'
import type { AdminTransport } from './transport.ts'

/** Several times the longest page, and the results of the longest bulk request. */
const MAX_ANSWER_BYTES = 32 << 20

export function httpTransport(deps: ApiDeps, retry: Retry): AdminTransport {
  return {
    async send({ method, path, headers, body, signal }) {
      const isRepeatable = method === 'GET' || headers['idempotency-key'] !== undefined
      const once = async (one?: AbortSignal) => {
        const text = body === undefined ? {} : { body: JSON.stringify(body) }
        const type = body === undefined ? {} : { 'content-type': 'application/json' }
        const answer = await send(
          { method, path, headers: { ...headers, ...type }, ...text, ...LIMIT, signal: one },
          deps,
        )
        const { json } = answer
        if (!isSuccess(answer) || typeof json !== 'object' || json === null) {
          throw adminErrorOf(answer, deps.redact)
        }
        return { body: json, replayed: answer.replayed }
      }
      return isRepeatable ? retry(once, signal) : once(signal)
    },

    async *sendLines({ path, lines, signal }) {
      const headers = { 'content-type': 'application/x-ndjson' }
      const body = lines.join('\n')
      const answer = await send({ method: 'POST', path, headers, body, ...LIMIT, signal }, deps)
      if (!isSuccess(answer)) throw adminErrorOf(answer, deps.redact)
      const results = resultsIn(answer.text)
      const isWhole = results.length === lines.length || results.at(-1)?.status === 'stopped'
      yield* results
      if (isWhole) return
      throw new ServerError(
        `The answer has ${results.length} results for ${lines.length} clients; ` +
          `those created answer exists when they are sent again (${answer.asked})`,
        answer,
      )
    },
  }
}

const LIMIT = { maxAnswerBytes: MAX_ANSWER_BYTES }

function isSuccess({ status }: ApiAnswer): boolean {
  return status === 200 || status === 201
}

/** Up to the first line that is no result. */
function resultsIn(text: string): BulkResult[] {
  const results: BulkResult[] = []
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const result = parsed(line)
    if (typeof result?.status !== 'string') break
    results.push(result as BulkResult)
  }
  return results
}

function parsed(line: string): { readonly status?: unknown } | null {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** Problem details (RFC 9457), as the admin API writes them. */
interface Problem {
  readonly type?: unknown
  readonly detail?: unknown
}

/** The error for an answer that is no success, or is a success of something else. */
export function adminErrorOf(answer: ApiAnswer, redact: Redact): Error {
  const { asked, json } = answer
  const { type, detail } = Object(json) as Problem
  const urn = typeof type === 'string' ? type : ''
  const code = /^urn:modulariot:problem:([a-z_]{1,50})$/.exec(urn)?.[1] ?? null
  const words = typeof detail === 'string' && detail !== '' ? `: ${redact(detail)}` : ''
  const message = `The admin API answered ${answer.status}${words} (${asked})`
  const details = { ...answer, error: code }
  // A 200 that is not its answer is a proxy's, and counts as a failure that may pass.
  if (isSuccess(answer)) return new ServerError(message, { ...details, status: 502 })
  return errorOfStatus(message, details) ?? new RefusedError(message, details, code !== null)
}
