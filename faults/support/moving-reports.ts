/**
 * Reports of the days before, each with a value and a position of its own, so that one that is
 * missing, doubled or out of place is noticed. A third of them are late.
 */

const ORG = { org_id: 'org_1', environment: 'production' } as const
export const TENANT = ORG
export const KEY = 'x.fault'
export const REPORTS_A_BATCH = 50
export const ASSETS = 5

const DAY_MS = 86_400_000
/** Three days before the start of this day, so that all of them are old. */
const START_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 5 * DAY_MS
const STEP_MS = 700

export const assetOf = (index: number): string => `asset-${index % ASSETS}`

export function timeOf(index: number): number {
  const late = index % 3 === 0 ? 40_000_000 : 0
  return START_MS + index * STEP_MS - late
}

export function reportOf(index: number) {
  const timestamp_ms = timeOf(index)
  const unknown = { unit: null, source: null, quality: null }
  const unsaid = { altitude: null, speed: null, heading: null, accuracy: null, satellites: null }
  return {
    ...ORG,
    client_id: 'client_1',
    request_id: `request-${index}`,
    item: 0,
    asset_id: assetOf(index),
    type: null,
    timestamp_ms,
    received_ms: timestamp_ms,
    payload: JSON.stringify({ index }),
    position: { latitude: index / 1e5, longitude: 2, ...unsaid },
    metrics: [{ key: KEY, timestamp_ms, sequence: null, value: index, ...unknown }],
    events: [],
  }
}
