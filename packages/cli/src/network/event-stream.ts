/** Server-sent events (the WHATWG HTML standard, §9.2.6), as they come in from a body. */

export interface ServerEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** In characters, over all its lines: what does not end within this is no event of ours. */
const MAX_EVENT_LENGTH = 4 * 1024 ** 2

/**
 * Each event that is complete; comments are passed over. An id alone is no event but a place to
 * come back to: it is given as `place`, without data.
 *
 * @throws Error when an event does not end within the bound.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  /** Of a line that has not ended yet: joined once, however small they are. */
  let pieces: string[] = []
  let fields: [string, string][] = []
  let unended = 0
  /** Characters of the fields. */
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
        // A field without a character takes room, too.
        length += line.length + 1
      }
    }
    if (length + unended > MAX_EVENT_LENGTH)
      throw new Error('The stream holds an event without end')
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
  if (data.length === 0) return id === undefined ? null : { event: 'place', id, data: '' }
  return { event: all('event').at(-1) ?? 'message', id, data: data.join('\n') }
}
