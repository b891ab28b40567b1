/**
 * A change to many applications, a part at a time. Nothing about the page: what is sent and shown
 * comes from outside.
 */

import type { ChangeResult, ManyChange } from '../../../api/admin.ts'

export type Action = ManyChange['action']

export interface Run {
  readonly results: readonly ChangeResult[]
  /** What ended it before its end; null: nothing, or the reader stopped it. */
  readonly failure: unknown
}

export interface RunOptions {
  /** Applications in one request. */
  readonly size: number
  readonly send: (client_ids: readonly string[]) => Promise<readonly ChangeResult[]>
  /** After each part. */
  readonly onResults: (results: readonly ChangeResult[]) => void
  /** Asked before each part. A request that was sent is awaited: its answer may have secrets. */
  readonly isStopped: () => boolean
}

/** @returns results of those that were looked at, in order. Never throws. */
export async function runParts(client_ids: readonly string[], options: RunOptions): Promise<Run> {
  const { size, send, onResults, isStopped } = options
  let results: readonly ChangeResult[] = []
  for (let from = 0; from < client_ids.length && !isStopped(); from += size) {
    try {
      const part = await send(client_ids.slice(from, from + size))
      const reached = part.filter(({ status }) => status !== 'stopped')
      results = [...results, ...reached]
      onResults(results)
      const [stopped] = part.slice(reached.length)
      if (stopped !== undefined) return { results, failure: stopped.error?.message ?? '' }
    } catch (failure) {
      return { results, failure }
    }
  }
  return { results, failure: null }
}

export interface Counts {
  readonly changed: number
  readonly unchanged: number
  readonly refused: number
}

export function countsOf(results: readonly ChangeResult[]): Counts {
  const counts = { changed: 0, unchanged: 0, refused: 0 }
  for (const { status } of results) if (status !== 'stopped') counts[status]++
  return counts
}

/** Of a rotation: an answer that is lost takes the secrets of its part with it. */
const ROTATED_AT_ONCE = 25
/** As many as the server takes. */
const CHANGED_AT_ONCE = 100

export function partSize(action: Action): number {
  return action === 'rotate' ? ROTATED_AT_ONCE : CHANGED_AT_ONCE
}
