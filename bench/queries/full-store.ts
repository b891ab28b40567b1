/**
 * A store full of telemetry: a fleet of a thousand assets that reported for weeks. The database
 * generates the rows itself, since sending them would take hours.
 *
 * The numbers of positions and of values are options; there are a tenth as many reports and events.
 */

export const FLEET = 1000
export const KEYS = [
  'engine.rpm',
  'vehicle.speed',
  'fuel.level',
  'battery.voltage',
  'engine.coolant_temp',
] as const
export const EVENT_TYPES = ['harsh_braking', 'speeding', 'geofence_exit', 'panic'] as const

const WEEK_MS = 7 * 86_400_000
const WEEKS = 8
/**
 * Eight whole weeks from this one on, for which PostgreSQL has partitions, as if it had run that
 * long.
 */
export const START_MS = Math.floor(Date.now() / WEEK_MS) * WEEK_MS
export const SPAN_MS = WEEKS * WEEK_MS
export const WEEK_STARTS = Array.from({ length: WEEKS }, (_, week) => START_MS + week * WEEK_MS)

/** The number of rows of each kind for an asset, for about this many rows in the large tables. */
export interface Amounts {
  readonly positions: number
  readonly valuesPerKey: number
  readonly reports: number
  readonly events: number
}

export function amountsFor(rows: number): Amounts {
  const each = Math.max(1, Math.round(rows / FLEET))
  return {
    positions: each,
    valuesPerKey: Math.max(1, Math.round(each / KEYS.length)),
    reports: Math.max(1, Math.round(each / 10)),
    events: Math.max(1, Math.round(each / 10)),
  }
}

export const assetName = (asset: number): string => `TRUCK-${String(asset).padStart(4, '0')}`

/** The tenant of the data. */
export interface Owner {
  readonly org_id: string
  readonly environment: string
}

/** A step of the filling: the table, and the function that fills it. */
export interface Piece {
  readonly table: string
  readonly rows: number
  readonly make: () => Promise<void> | void
}

/** A store that can be filled, and queried directly. */
export interface FullStore {
  pieces(owner: Owner, amounts: Amounts): Promise<Piece[]> | Piece[]
  /** Updates the database's statistics once it is full. */
  finish(): Promise<void> | void
  /** The rows of a prepared statement; `$n` are its parameters. */
  query(text: string, values: readonly (string | number)[]): Promise<unknown[]>
  close(): Promise<void> | void
}
