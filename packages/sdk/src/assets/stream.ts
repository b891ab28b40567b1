/** The live stream of the API (server-sent events), which reconnects where it was. */

import { NetworkError, ServerError } from '@modulariot/oauth/client'
import { detailsOf } from '../request/details.ts'
import { isRetryable, retryAfterOf } from '../request/retries.ts'
import { type ApiDeps, causeOf, isTyped } from '../request/send.ts'
import { backoffMs } from '../timing/backoff.ts'
import type { Timing } from '../timing/timing.ts'
import { errorOf } from './answer.ts'
import type { Observation, StreamOptions } from './readings.ts'

export interface StreamDeps {
  readonly timing: Timing
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 }
/** The server sends a comment every 15 seconds. */
const SILENCE_MS = 60_000
/** Fits the largest report and its escapes. */
const MAX_EVENT_CHARACTERS = 8 << 20

/** Where it was, over all connections. */
interface Place {
  id: string | null
  /** Connections in a row that brought no event. */
  failures: number
}

export async function* stream(
  path: string,
  { after, signal, onSkipped }: StreamOptions,
  deps: ApiDeps & StreamDeps,
): AsyncGenerator<Observation> {
  const place: Place = { id: after ?? null, failures: 0 }
  for (;;) {
    let retryAfter: number | null = null
    try {
      yield* oneConnection(path, place, { signal, onSkipped }, deps)
    } catch (error) {
      signal?.throwIfAborted()
      if (!isRetryable(error)) throw error
      retryAfter = retryAfterOf(error)
    }
    place.failures += 1
    const delayMs = backoffMs(place.failures, retryAfter, BACKOFF, deps.timing.random())
    await deps.timing.wait(delayMs, signal ?? new AbortController().signal, true)
    signal?.throwIfAborted()
  }
}

interface Listening {
  readonly signal: AbortSignal | undefined
  readonly onSkipped: StreamOptions['onSkipped']
}

async function* oneConnection(
  path: string,
  place: Place,
  { signal, onSkipped }: Listening,
  deps: ApiDeps,
): AsyncGenerator<Observation> {
  const url = `${deps.apiUrl}${path}`
  const asked = `GET ${url}, client ${deps.client_id}`
  const end = new AbortController()
  let silence: ReturnType<typeof setTimeout> | undefined
  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => end.abort(), SILENCE_MS)
  }
  heard()
  try {
    const response = await deps.fetch(url, {
      headers: {
        accept: 'text/event-stream',
        ...(place.id !== null && { 'last-event-id': place.id }),
      },
      redirect: 'manual',
      signal: signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]),
    })
    await assertStream(response, asked, deps)
    for await (const event of eventsOf(response, heard)) {
      if (event.id !== null) place.id = event.id
      place.failures = 0
      if (event.type === 'skipped') onSkipped?.(Number(event.data.observations))
      if (event.type === 'end') return
      if (event.type === 'observation') yield observationOf(event)
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (isTyped(error)) throw error
    throw new NetworkError(`The stream broke off: ${causeOf(error)} (${asked})`)
  } finally {
    clearTimeout(silence)
    end.abort()
  }
}

async function assertStream(response: Response, asked: string, deps: ApiDeps): Promise<void> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 200 && type.startsWith('text/event-stream')) return
  const details = { ...detailsOf(response, deps.serverClock.nowMs(), deps.redact), asked }
  await response.body?.cancel()
  // A page of a proxy is no stream.
  throw errorOf(
    { ...details, status: response.status === 200 ? 502 : response.status },
    {},
    deps.redact,
  )
}

interface StreamEvent {
  readonly type: string
  readonly id: string | null
  readonly data: Record<string, unknown>
}

function observationOf({ id, data }: StreamEvent): Observation {
  return { id: id ?? '', ...data } as unknown as Observation
}

/** WHATWG HTML §9.2.6, for a server that ends lines with a line feed. */
async function* eventsOf(response: Response, heard: () => void): AsyncGenerator<StreamEvent> {
  if (response.body === null) return
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      text += decoder.decode(value, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      if (text.length > MAX_EVENT_CHARACTERS) throw new ServerError('An event is too large')
      for (const block of blocks) {
        const event = eventOf(block)
        if (event !== null) yield event
      }
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** Null for a comment. An event without data still has an id. */
function eventOf(block: string): StreamEvent | null {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''))
  }
  if (fields.size === 0) return null
  const data = fields.get('data')
  return {
    type: fields.get('event') ?? '',
    id: fields.get('id') ?? null,
    data: data === undefined ? {} : parsed(data),
  }
}

function parsed(data: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(data))
  } catch {
    throw new ServerError('An event of the stream is not JSON')
  }
}
