/**
 * A house full of telemetry: a fleet of a thousand assets that reported for weeks, made row by row
 * by the database itself, since sending it would take hours.
 *
 * As many positions and as many values as asked for, and a tenth as many reports and events.
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
 * Eight whole weeks from this one on: those that PostgreSQL has partitions for, as if it had run so
 * long.
 */
export const START_MS = Math.floor(Date.now() / WEEK_MS) * WEEK_MS
export const SPAN_MS = WEEKS * WEEK_MS
export const WEEK_STARTS = Array.from({ length: WEEKS }, (_, week) => START_MS + week * WEEK_MS)

/** How much of each an asset has, for about so many rows in the large tables. */
export interface Amounts {
  readonly positions: number
  readonly valuesOfAKey: number
  readonly reports: number
  readonly events: number
}

export function amountsFor(rows: number): Amounts {
  const each = Math.max(1, Math.round(rows / FLEET))
  return {
    positions: each,
    valuesOfAKey: Math.max(1, Math.round(each / KEYS.length)),
    reports: Math.max(1, Math.round(each / 10)),
    events: Math.max(1, Math.round(each / 10)),
  }
}

export const assetName = (asset: number): string => `TRUCK-${String(asset).padStart(4, '0')}`

/** Whose data it becomes. */
export interface Owner {
  readonly org_id: string
  readonly environment: string
}

/** A piece of the filling: what it makes, and how. */
export interface Piece {
  readonly table: string
  readonly rows: number
  readonly make: () => Promise<void> | void
}

/** A house that can be filled, and asked without anything between. */
export interface House {
  pieces(owner: Owner, amounts: Amounts): Promise<Piece[]> | Piece[]
  /** What the database wants to know of itself once it is full. */
  finish(): Promise<void> | void
  /** The rows of one prepared statement; `$n` are its parameters. */
  ask(text: string, values: readonly (string | number)[]): Promise<unknown[]>
  close(): Promise<void> | void
}
