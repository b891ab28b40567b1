/** Server-sent events (WHATWG HTML §9.2) out of a `fetch`: `EventSource` sends no bearer token. */

export interface StreamEvent {
  readonly type: string
  /** Null: it has none, and the last one holds. */
  readonly id: string | null
  readonly data: string
}

/** Events and, as null, comments: those say that the connection is alive. */
export async function* eventsOfStream(
  chunks: AsyncIterable<string>,
): AsyncGenerator<StreamEvent | null> {
  let rest = ''
  let lines: string[] = []
  for await (const chunk of chunks) {
    rest += chunk
    const found = rest.split(/\r\n|\n|\r(?!$)/)
    rest = found.pop() as string
    for (const line of found) {
      if (line !== '') {
        lines.push(line)
        continue
      }
      yield eventOf(lines)
      lines = []
    }
  }
}

function eventOf(lines: readonly string[]): StreamEvent | null {
  let [type, id]: [string, string | null] = ['message', null]
  const data: string[] = []
  for (const line of lines) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
    if (name === 'event') type = value as string
    if (name === 'id') id = value as string
    if (name === 'data') data.push(value as string)
  }
  if (data.length === 0 && id === null) return null
  return { type, id, data: data.join('\n') }
}
