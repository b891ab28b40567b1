/** Server-sent events (WHATWG HTML, §9.2.6), parsed from the chunks of a body. */

export interface ServerEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** In characters, over all lines of an event: far more than the API sends. */
const MAX_EVENT_LENGTH = 4 * 1024 ** 2

/**
 * Yields complete events and skips comments. An id without data only marks where to resume; it is
 * yielded as the event `position`.
 *
 * @throws Error when an event is longer than `MAX_EVENT_LENGTH`.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  /** Chunks of the unfinished line, joined once at its end: small chunks stay cheap. */
  let pieces: string[] = []
  let fields: [string, string][] = []
  let unended = 0
  /** Characters in `fields`. */
  let length = 0
  for await (const chunk of body) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    pieces.push(first)
    unended += first.length
    for (const next of others) {
      const line = pieces.join('')
      pieces = [next]
      unended = next.length
      if (line === '') {
        const event = eventOf(fields)
        fields = []
        length = 0
        if (event !== null) yield event
      } else if (!line.startsWith(':')) {
        fields.push(fieldOf(line))
        // The 1 bounds the number of empty fields.
        length += line.length + 1
      }
    }
    if (length + unended > MAX_EVENT_LENGTH)
      throw new Error('The stream sent an event that does not end')
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  if (colon === -1) return [line, '']
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')]
}

function eventOf(fields: readonly (readonly [string, string])[]): ServerEvent | null {
  const all = (name: string): string[] =>
    fields.filter(([field]) => field === name).map(([, value]) => value)
  const data = all('data')
  const id = all('id').at(-1)
  if (data.length === 0) return id === undefined ? null : { event: 'position', id, data: '' }
  return { event: all('event').at(-1) ?? 'message', id, data: data.join('\n') }
}
