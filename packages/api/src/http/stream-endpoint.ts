/**
 * `GET /v1/assets/stream`: server-sent events (WHATWG HTML §9.2), one per observation.
 *
 * A stream ends with its token. A stalled reader is disconnected; it reconnects with
 * `Last-Event-ID` and gets what it missed.
 */

import { Readable } from 'node:stream'
import { MAX_TIMER_MS, type Verifier } from '@modulariot/oauth/resource-server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FollowStep, follow, newestCursor, PACE, type Pace } from '../read/follow.ts'
import type { FeedEntry, TelemetryStore } from '../store/store.ts'
import { eventText } from './event-text.ts'
import type { EndReason, OpenStream, OpenStreams } from './open-streams.ts'
import { invalid, parseText } from './query-parameters.ts'
import { accessTokenClaims, verifyAgain } from './require-access-token.ts'
import { SCOPES } from './scopes.ts'

export interface StreamDeps {
  readonly store: Pick<TelemetryStore, 'readSince' | 'watch'>
  readonly verifier: Verifier
  readonly streams: OpenStreams
  /** Unix milliseconds. */
  readonly now: () => number
  readonly pace?: Pace
}

const HEADERS = {
  'content-type': 'text/event-stream',
  // For proxies: no-transform prevents compression, which delays events; nginx needs the next
  // header.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // At shutdown the server ends its streams and must not wait for further requests.
  connection: 'close',
}

/** Bytes buffered for a reader. */
const BUFFER_BYTES = 64 * 1024

export function streamEndpoint(deps: StreamDeps) {
  const { store, streams } = deps
  return async (
    request: FastifyRequest<{ Querystring: Record<string, unknown> }>,
    reply: FastifyReply,
  ) => {
    const tenant = accessTokenClaims(request)
    const isTokenValid = () =>
      verifyAgain(request, deps.verifier, SCOPES.read).then(
        () => true,
        // 503: the check is impossible now. The token was valid, and its expiry still applies.
        (error: { status?: number }) => error.status === 503,
      )
    const resumeAfter = lastEventId(request)
    const asset_id = parseText(request.query, 'asset_id')
    const stream = streams.open(tenant, isTokenValid)
    // Before the first await. The reader may have disconnected while the token was verified.
    reply.raw.once('close', () => stream.close())
    if (reply.raw.closed || request.raw.socket.destroyed) stream.close()
    // Queried even when resuming, so that an unavailable store causes a 503 instead of a broken
    // stream.
    const newest = await newestCursor(tenant, store)
    const { signal } = stream
    const { pace = PACE } = deps
    const after = Math.min(resumeAfter ?? newest, newest)
    const steps = follow(tenant, { after, signal, store, pace })
    const watch = watchReader(stream, request, reply, deps)
    const body = Readable.from(written(steps, asset_id, stream, after, watch.pulled), {
      objectMode: false,
      highWaterMark: BUFFER_BYTES,
    })
    // When the store fails, the connection ends; the reader reconnects and gets the error.
    body.on('error', (error) => request.log.error({ err: error }, 'stream failed'))
    return reply.headers(HEADERS).send(body)
  }
}

/**
 * Sets the reconnect delay to three seconds, and the id to resume from if no event follows; an id
 * without data is no event. These first bytes also make buffering proxies forward the headers.
 */
const opening = (cursor: number): string => `retry: 3000\nid: ${cursor}\n\n`

async function* written(
  steps: AsyncIterable<FollowStep>,
  asset_id: string | undefined,
  { signal }: OpenStream,
  after: number,
  pulled: () => void,
): AsyncGenerator<string> {
  yield opening(after)
  for await (const step of steps) {
    pulled()
    for (const text of textsOf(step, asset_id, signal)) {
      yield text
      pulled()
    }
  }
  const reason = signal.reason as EndReason | undefined
  if (typeof reason === 'string') yield* eventText('end', [JSON.stringify({ reason })])
}

/** The events of a step. Stops at the abort, between two events. */
function* textsOf(
  step: FollowStep,
  asset_id: string | undefined,
  signal: AbortSignal,
): Generator<string> {
  if ('quiet' in step) yield ': quiet\n\n'
  else if ('skipped' in step) {
    yield* eventText('skipped', [JSON.stringify({ observations: step.skipped })], step.cursor)
  } else {
    for (const entry of step.entries) {
      if (signal.aborted) return
      if (asset_id === undefined || asset_id === entry.asset_id) yield* observationText(entry)
    }
  }
}

function observationText({ cursor, asset_id, timestamp_ms, received_ms, payload }: FeedEntry) {
  const head = JSON.stringify({
    asset_id,
    timestamp: new Date(timestamp_ms).toISOString(),
    received_at: new Date(received_ms).toISOString(),
  })
  return eventText('observation', [`${head.slice(0, -1)},"report":`, payload, '}'], cursor)
}

function lastEventId({ headers }: FastifyRequest): number | null {
  const sent = headers['last-event-id']
  if (sent === undefined || sent === '') return null
  if (typeof sent !== 'string' || !/^\d{1,15}$/.test(sent)) {
    throw invalid('Last-Event-ID', 'must be the id of an event of this stream')
  }
  return Number(sent)
}

/** How long an ended stream waits for its reader to receive the rest. */
const MAX_GRACE_MS = 2000

/**
 * Ends a stream when its token expires, or when its reader has read nothing for four heartbeats: an
 * active reader reads at least every heartbeat.
 */
function watchReader(
  stream: OpenStream,
  request: FastifyRequest,
  reply: FastifyReply,
  { now, pace: { heartbeatMs } = PACE }: StreamDeps,
) {
  let pulls = 1
  let stalled = 0
  const check = (): void => {
    stalled = pulls === 0 ? stalled + 1 : 0
    pulls = 0
    if (stalled < 4) return
    request.log.info('stream dropped: the client stopped reading')
    stream.end('slow')
  }
  const interval = setInterval(check, heartbeatMs)
  const expiresInMs = accessTokenClaims(request).exp * 1000 - now()
  const expiry = setTimeout(
    () => stream.end('token'),
    Math.min(Math.max(expiresInMs, 0), MAX_TIMER_MS),
  )
  onAbort(stream.signal, () => {
    clearInterval(interval)
    clearTimeout(expiry)
    if (reply.raw.closed) return
    // A stalled reader does not read the last event either, and must not delay a shutdown.
    const { socket } = request.raw
    const timer = setTimeout(() => socket.destroy(), Math.min(heartbeatMs, MAX_GRACE_MS)).unref()
    reply.raw.once('close', () => clearTimeout(timer))
  })
  return {
    pulled: () => {
      pulls++
    },
  }
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then()
  else signal.addEventListener('abort', then, { once: true })
}
