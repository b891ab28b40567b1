/** Cuts a list of new clients into requests that the server takes. */

import type { NewClient } from './records.ts'

/** Few enough that the results of one request are a bounded text. */
const MAX_LINES = 500
/** Characters; the server takes 16 MiB. */
const MAX_LENGTH = 1 << 20

/** Lines of NDJSON. Each is read when its batch is due. */
export async function* batchesOf(
  clients: Iterable<NewClient> | AsyncIterable<NewClient>,
): AsyncGenerator<string[]> {
  let lines: string[] = []
  let length = 0
  for await (const client of clients) {
    // What is no JSON gets its own refusal, in its place.
    const line = JSON.stringify(client ?? null)
    if (lines.length === MAX_LINES || (length > 0 && length + line.length > MAX_LENGTH)) {
      yield lines
      lines = []
      length = 0
    }
    lines.push(line)
    length += line.length
  }
  if (lines.length > 0) yield lines
}
