/** The newest that is known of each asset: from the list, and from the live stream over it. */

/** As `GET /v1/assets` and the stream send it; only what the page reads. */
export interface Report {
  readonly type?: unknown
  readonly gps?: unknown
}

export interface ListedAsset {
  readonly asset_id: string
  readonly type: string | null
  readonly timestamp: string
  readonly first_received_at: string
  readonly last_received_at: string
  readonly latest: Report
}

export interface Observation {
  readonly asset_id: string
  readonly timestamp: string
  readonly received_at: string
  readonly report: Report
}

export interface Position {
  readonly latitude: number
  readonly longitude: number
  readonly speed: number | null
  readonly heading: number | null
  /** Unix milliseconds, by the device. */
  readonly at: number
}

export interface Newest {
  readonly asset_id: string
  readonly type: string | null
  /** Of the newest report; Unix milliseconds, by the device. */
  readonly at: number
  /** The newest report may have none: then it is an older one's, or null. */
  readonly position: Position | null
}

export function newestOf({ asset_id, type, timestamp, latest }: ListedAsset): Newest {
  const at = Date.parse(timestamp)
  return { asset_id, type, at, position: positionOf(latest, at) }
}

/** What a report of the stream makes of what was known. A late report changes nothing. */
export function observed(known: Newest | undefined, seen: Observation): Newest {
  const at = Date.parse(seen.timestamp)
  if (known !== undefined && known.at > at) return known
  const { type } = seen.report
  return {
    asset_id: seen.asset_id,
    type: typeof type === 'string' ? type : (known?.type ?? null),
    at,
    position: positionOf(seen.report, at) ?? known?.position ?? null,
  }
}

export function positionOf({ gps }: Report, at: number): Position | null {
  if (typeof gps !== 'object' || gps === null) return null
  const { latitude, longitude, speed, heading } = gps as Readonly<Record<string, unknown>>
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return null
  return { latitude, longitude, speed: numberOf(speed), heading: numberOf(heading), at }
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** The list with what the stream brought, in the server's order: by id. */
export function withSeen(
  listed: readonly Newest[],
  seen: ReadonlyMap<string, Observation>,
  search: string,
): readonly Newest[] {
  if (seen.size === 0) return listed
  const known = new Set<string>()
  const all = listed.map((asset) => {
    known.add(asset.asset_id)
    const observation = seen.get(asset.asset_id)
    return observation === undefined ? asset : observed(asset, observation)
  })
  for (const [asset_id, observation] of seen) {
    if (known.has(asset_id)) continue
    const asset = observed(undefined, observation)
    if (matches(asset, search)) all.push(asset)
  }
  if (all.length === listed.length) return all
  return all.sort((one, other) => (one.asset_id < other.asset_id ? -1 : 1))
}

/** As the server searches. */
function matches({ asset_id, type }: Newest, search: string): boolean {
  const wanted = search.toLowerCase()
  return asset_id.toLowerCase().includes(wanted) || (type ?? '').toLowerCase().includes(wanted)
}
