/** Server-sent events (the WHATWG HTML standard, §9.2.6), as they come in from a body. */

export interface ServerEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** A line that does not end within this is no event of ours. */
const MAX_EVENT_LENGTH = 4 * 1024 ** 2

/**
 * Each event that is complete; comments are passed over. An id alone is no event but a place to come back to:
 * it is given as `place`, without data.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let fields: [string, string][] = []
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() as string
    if (rest.length > MAX_EVENT_LENGTH) throw new Error('The stream holds an endless line')
    for (const line of lines) {
      if (line === '') {
        const event = eventOf(fields)
        fields = []
        if (event !== null) yield event
      } else fields.push(fieldOf(line))
    }
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
