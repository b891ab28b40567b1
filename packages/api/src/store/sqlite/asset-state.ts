/** The state of an asset, and how an observation changes it. */

import type { Observation } from '../store.ts'

export interface AssetState {
  readonly type: string | null
  readonly timestamp_ms: number
  readonly first_received_ms: number
  readonly last_received_ms: number
  readonly latest_seq: number
}

/**
 * Late data updates `last_received_ms` and fills in a missing type, but does not replace newer
 * data.
 */
export function nextState(
  state: AssetState | undefined,
  { type, timestamp_ms, received_ms }: Observation,
  seq: number,
): AssetState {
  const newest = { type, timestamp_ms, latest_seq: seq }
  if (state === undefined) {
    return { ...newest, first_received_ms: received_ms, last_received_ms: received_ms }
  }
  const last_received_ms = Math.max(state.last_received_ms, received_ms)
  if (timestamp_ms < state.timestamp_ms) {
    return { ...state, type: state.type ?? type, last_received_ms }
  }
  return { ...state, ...newest, type: type ?? state.type, last_received_ms }
}
