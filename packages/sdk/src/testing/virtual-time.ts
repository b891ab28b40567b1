/** Virtual time and a scripted API for the tests. Not part of the package's entry. */

import type { Timing } from '../timing/timing.ts'

export interface VirtualTiming extends Timing {
  /** Every requested wait, in milliseconds. */
  readonly waits: number[]
  /** Advances the time, and wakes those that wait, in order. */
  pass(ms: number): Promise<void>
}

export const START_MS = Date.parse('2026-01-15T12:00:00Z')

/** @param instant every wait ends at once, as if its time had passed. */
export function virtualTiming({ instant = false, chance = 1 } = {}): VirtualTiming {
  let nowMs = START_MS
  const waits: number[] = []
  let sleepers: { readonly atMs: number; readonly wake: () => void }[] = []
  return {
    waits,
    now: () => nowMs,
    random: () => chance,
    wait(delayMs, signal) {
      waits.push(delayMs)
      if (instant) nowMs += delayMs
      if (instant || signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const sleeper = { atMs: nowMs + delayMs, wake: resolve }
        sleepers.push(sleeper)
        signal.addEventListener('abort', () => {
          sleepers = sleepers.filter((one) => one !== sleeper)
          resolve()
        })
      })
    },
    async pass(ms) {
      const untilMs = nowMs + ms
      await settled()
      for (;;) {
        const next = sleepers.toSorted((a, b) => a.atMs - b.atMs)[0]
        if (next === undefined || next.atMs > untilMs) break
        nowMs = Math.max(nowMs, next.atMs)
        sleepers = sleepers.filter((one) => one !== next)
        next.wake()
        await settled()
      }
      nowMs = untilMs
    },
  }
}

/** Resolves when everything that can proceed without time or I/O has done so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

export interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly body: string
}

export type Script = (request: SentRequest, index: number) => Response | Promise<Response>

/** A fetch that answers from a script, and records what it was sent. */
export function scriptedFetch(script: Script) {
  const requests: SentRequest[] = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input as string, init)
    const { method, url, headers } = request
    const sent = { method, url, headers, body: await request.text() }
    requests.push(sent)
    init?.signal?.throwIfAborted()
    return script(sent, requests.length - 1)
  }
  return { fetch, requests }
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers })
}

export const success = () => json({ status: 'success', message: 'Message sent successfully' })

export const unavailable = (retryAfter?: string) =>
  json(
    { status: 'error', message: 'Not now', detail: 'The store cannot answer' },
    503,
    retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  )

/** A distinct valid report body. */
export const reading = (n: number) => ({
  asset_id: `TRUCK-${n}`,
  timestamp: '2026-01-15T11:59:00Z',
})
