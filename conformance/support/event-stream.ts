/** Reads `GET /v1/assets/stream` as a browser's EventSource does, with a token. */

import assert from 'node:assert/strict'

export interface StreamEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: Record<string, unknown>
}

export interface EventStream {
  readonly response: Response
  /** The next event; comments are skipped. Null at the end of the stream. */
  next(): Promise<StreamEvent | null>
  /** The `asset_id`s of this many observations. */
  assets(count: number): Promise<unknown[]>
  /** How often the server said that nothing had come for 15 seconds. */
  quiets(): number
  close(): Promise<void>
}

const WITHIN_MS = 20_000

/** @param headers such as `Last-Event-ID`. */
export async function openStream(
  url: string,
  token: string,
  { headers = {}, query = '' }: { headers?: Record<string, string>; query?: string } = {},
): Promise<EventStream> {
  const controller = new AbortController()
  const response = await fetch(`${url}/v1/assets/stream${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: controller.signal,
  })
  assert.equal(response.status, 200)
  let quiets = 0
  const events = eventsOf(response.body as ReadableStream<Uint8Array>, () => quiets++)
  const next = async (): Promise<StreamEvent | null> => {
    const timer = setTimeout(() => controller.abort(new Error('no event came')), WITHIN_MS)
    try {
      return (await events.next()).value ?? null
    } finally {
      clearTimeout(timer)
    }
  }
  // After the first bytes no report is missed.
  return {
    response,
    next,
    async assets(count) {
      const found: unknown[] = []
      while (found.length < count) {
        const event = await next()
        assert.ok(event !== null, 'the stream ended')
        assert.equal(event.event, 'observation')
        found.push(event.data.asset_id)
      }
      return found
    },
    quiets: () => quiets,
    async close() {
      controller.abort()
      await events.return(undefined).catch(() => {})
    },
  }
}

async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  onQuiet: () => void,
): AsyncGenerator<StreamEvent, undefined> {
  let buffered = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    buffered += decoder.decode(chunk, { stream: true })
    const blocks = buffered.split('\n\n')
    buffered = blocks.pop() as string
    for (const block of blocks) {
      if (block === ': quiet') onQuiet()
      const event = parseBlock(block)
      if (event !== null) yield event
    }
  }
  return undefined
}

function parseBlock(block: string): StreamEvent | null {
  const fields = (name: string): string[] =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}: `))
      .map((line) => line.slice(name.length + 2))
  const [event] = fields('event')
  if (event === undefined) return null
  return { event, id: fields('id')[0], data: JSON.parse(fields('data').join('\n')) }
}
