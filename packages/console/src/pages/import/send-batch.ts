/** Lines of JSON to the admin API, and its results as they come. */

import { type BulkResult, type Place, placeHeaders } from '../../api/admin.ts'
import { Refusal, send } from '../../api/refusal.ts'
import type { Send } from './run.ts'

export function sendBatchTo(place: Place, dryRun: boolean): Send {
  const path = `/admin/v1/clients/bulk${dryRun ? '?dry_run=true' : ''}`
  return async function* results(lines) {
    const { body } = await send(path, {
      method: 'POST',
      headers: { ...placeHeaders(place), 'content-type': 'application/x-ndjson' },
      body: lines.map((line) => `${line}\n`).join(''),
    })
    if (body !== null) yield* linesOf(body)
  }
}

/** An answer of 4xx: nothing was done. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal && error.status >= 400 && error.status < 500
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<BulkResult> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Refusal(0, 'no_answer', '', null, null)
    })
    if (done) return
    const lines = (rest + (value as unknown as string)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}
