/** Follows `GET /v1/assets/stream`, and takes it up where it was when it breaks off. */

import { useEffect, useRef, useState } from 'react'
import { Refusal } from '../../../api/refusal.ts'
import { requestTelemetry } from '../../../api/telemetry.ts'
import type { Here } from '../../../state/session.ts'
import { eventsOfStream } from './events-of-stream.ts'
import type { Observation } from './fleet.ts'

export type LiveState = 'connecting' | 'live' | 'lost' | 'refused'

/** The server sends a comment every 15 seconds. */
const SILENCE_MS = 45_000
const BACKOFF = { leastMs: 1000, mostMs: 20_000 }
/** What has come is shown together, so that a busy fleet does not draw for each report. */
const GATHER_MS = 400

interface LiveEvents {
  readonly seen: (seen: ReadonlyMap<string, Observation>) => void
  /** The stream was too far behind: what was read has to be read again. */
  readonly skipped: () => void
  /** The server answers again: what failed in between can be read now. */
  readonly back: () => void
}

export function useLive(here: Here, events: LiveEvents): LiveState {
  const [state, setState] = useState<LiveState>('connecting')
  const latest = useRef({ here, events })
  latest.current = { here, events }
  const key = `${here.org_id} ${here.environment}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is another stream
  useEffect(() => {
    const end = new AbortController()
    let gathered = new Map<string, Observation>()
    const show = setInterval(() => {
      if (gathered.size === 0) return
      const seen = gathered
      gathered = new Map()
      latest.current.events.seen(seen)
    }, GATHER_MS)
    void follow(latest.current.here, end.signal, {
      state: setState,
      seen: (observation) => gathered.set(observation.asset_id, observation),
      skipped: () => latest.current.events.skipped(),
      back: () => latest.current.events.back(),
    })
    return () => {
      clearInterval(show)
      end.abort()
    }
  }, [key])
  return state
}

interface Listener {
  readonly state: (state: LiveState) => void
  readonly seen: (observation: Observation) => void
  readonly skipped: () => void
  readonly back: () => void
}

async function follow(here: Here, signal: AbortSignal, listener: Listener): Promise<void> {
  let place: string | null = null
  let failures = 0
  let isLost = false
  while (!signal.aborted) {
    try {
      for await (const event of connection(here, place, signal)) {
        failures = 0
        listener.state('live')
        if (isLost) listener.back()
        isLost = false
        if (event === null) continue
        if (event.id !== null) place = event.id
        if (event.type === 'observation') listener.seen(JSON.parse(event.data))
        if (event.type === 'skipped') listener.skipped()
        if (event.type === 'end') break
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof Refusal && [401, 403, 404].includes(error.status)) {
        listener.state('refused')
        return
      }
    }
    // A token that ended is replaced without a word; what fails is said.
    isLost = failures > 0
    if (isLost) listener.state('lost')
    await pause(failures === 0 ? 200 : backoffMs(failures), signal)
    failures++
  }
}

const backoffMs = (failures: number): number =>
  Math.min(BACKOFF.leastMs * 2 ** (failures - 1), BACKOFF.mostMs) * (0.75 + Math.random() / 2)

async function* connection(here: Here, place: string | null, signal: AbortSignal) {
  const silent = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silent.abort(), SILENCE_MS)
  }
  heard()
  try {
    const response = await requestTelemetry('/v1/assets/stream', here, here.admin, {
      headers: { accept: 'text/event-stream', ...(place !== null && { 'last-event-id': place }) },
      signal: AbortSignal.any([signal, silent.signal]),
    })
    const text = (response.body as ReadableStream<Uint8Array>).pipeThrough(
      new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>,
    )
    for await (const event of eventsOfStream(chunksOf(text))) {
      heard()
      yield event
    }
  } finally {
    clearTimeout(timer)
    silent.abort()
  }
}

/** Not every browser iterates a stream. */
async function* chunksOf(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
