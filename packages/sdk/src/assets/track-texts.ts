/**
 * Reports that are JSON text already, many in one request, with the server's result for each.
 *
 * The buffer's batches (`batch.ts`) settle a queue instead: they stop at the first report that has
 * to be sent again.
 */

import type { Redact } from '../request/details.ts'
import type { ApiAnswer, ApiDeps } from '../request/send.ts'
import { errorOf, isTexts, redacted } from './answer.ts'
import { post } from './post.ts'

/** One member of `results` in the API's answer to a batch. */
export interface ReportResult {
  /** Position in the batch, from 0. */
  readonly index: number
  /** The status the report would have had alone: 200 when it is stored. */
  readonly code: number
  readonly status?: string
  /** True when an earlier request with this id had stored it. */
  readonly replayed?: true
  readonly warnings?: Readonly<Record<string, string>>
  readonly message?: string
  readonly detail?: string
  /** By path as sent: `gps.latitude`. */
  readonly errors?: Readonly<Record<string, string>>
}

/**
 * One try.
 *
 * @throws the errors of `post`; when the batch is refused as a whole, that refusal as an error.
 */
export async function sendTexts(
  texts: readonly string[],
  { requestId, ids }: { readonly requestId: string; readonly ids?: 'content' | undefined },
  deps: ApiDeps,
  signal?: AbortSignal,
): Promise<ReportResult[]> {
  const answer = await post(
    {
      path: `/v1/asset/track/batch${ids === undefined ? '' : `?ids=${ids}`}`,
      requestId,
      contentType: 'application/x-ndjson',
      body: texts.map((text) => `${oneLine(text)}\n`).join(''),
      signal,
    },
    deps,
  )
  const results = readResults(answer, texts.length, deps.redact)
  if (results === null) throw errorOf(answer, answer.json, deps.redact)
  return results
}

/** JSON has line ends between its tokens only, where a space means the same. */
function oneLine(text: string): string {
  return text.includes('\n') ? text.replaceAll(/[\r\n]/g, ' ') : text
}

/** Null when it is not one result per report. */
function readResults(
  { status, json }: ApiAnswer,
  count: number,
  redact: Redact,
): ReportResult[] | null {
  const results = Object(json).results as unknown
  if (status !== 200 || !Array.isArray(results) || results.length !== count) return null
  const read = results.map((result, index) => readResult(Object(result), index, redact))
  return read.every((result) => result !== null) ? read : null
}

/** What the server sends is not trusted to have the documented types. */
function readResult(
  { code, status, replayed, warnings, message, detail, errors }: Record<string, unknown>,
  index: number,
  redact: Redact,
): ReportResult | null {
  if (typeof code !== 'number') return null
  const texts = Object.entries({ status, message, detail }).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  )
  return {
    index,
    code,
    ...redacted(Object.fromEntries(texts), redact),
    ...(replayed === true && { replayed }),
    ...(isTexts(warnings) && { warnings: redacted(warnings, redact) }),
    ...(isTexts(errors) && { errors: redacted(errors, redact) }),
  }
}
