/**
 * The call of `telemetry.append` (migration 0008), and its parameters: an array for each column.
 */

import {
  bigintArray,
  byteaArray,
  float8Array,
  intArray,
  textArray,
} from '@modulariot/platform/postgres'
import { type MeasurementColumns, measurementRows } from '../measurement.ts'
import { digestOf, requestHash } from '../request-hash.ts'
import type { Fix, Observation, Tenant } from '../store.ts'
import { tenantName } from '../tenant-name.ts'

const TYPES = {
  int: intArray,
  bigint: bigintArray,
  text: textArray,
  bytea: byteaArray,
  float8: float8Array,
} as const

type Value = number | string | Uint8Array | null

/** The columns of a table among the arguments: the type of each, and its value for a row. */
type Columns<Row> = readonly (readonly [type: keyof typeof TYPES, read: (row: Row) => Value])[]

const TENANTS: Columns<Tenant> = [
  ['text', ({ org_id }) => org_id],
  ['text', ({ environment }) => environment],
]

interface Report {
  readonly one: Observation
  /** Place of its tenant, from 1. */
  readonly tenant: number
  /** Place of the first report with the same request; null for that one. */
  readonly first: number | null
}

const REPORTS: Columns<Report> = [
  ['int', ({ tenant }) => tenant],
  ['bytea', ({ one }) => requestHash(one)],
  ['int', ({ first }) => first],
  ['bytea', ({ one }) => digestOf(one)],
  ['text', ({ one }) => one.asset_id],
  ['text', ({ one }) => one.type],
  ['bigint', ({ one }) => one.timestamp_ms],
  ['bigint', ({ one }) => one.received_ms],
  ['text', ({ one }) => one.payload],
]

/** A part of a report, and the place of that report, from 1. */
interface Part<Value> {
  readonly report: number
  readonly part: Value
}

const POSITIONS: Columns<Part<Fix>> = [
  ['int', ({ report }) => report],
  ['float8', ({ part }) => part.latitude],
  ['float8', ({ part }) => part.longitude],
  ['float8', ({ part }) => part.altitude],
  ['float8', ({ part }) => part.speed],
  ['float8', ({ part }) => part.heading],
  ['float8', ({ part }) => part.accuracy],
  ['float8', ({ part }) => part.satellites],
]

/** Without the number of the report, which the function gives. */
const VALUES: Columns<Part<MeasurementColumns>> = [
  ['int', ({ report }) => report],
  ['text', ({ part: [key] }) => key],
  ['bigint', ({ part: [, timestamp_ms] }) => timestamp_ms],
  ['bigint', ({ part: [, , sequence] }) => sequence],
  ['bigint', ({ part: [, , , , item] }) => item],
  ['float8', ({ part: [, , , , , number] }) => number],
  ['text', ({ part: [, , , , , , json] }) => json],
  ['text', ({ part: [, , , , , , , unit] }) => unit],
  ['text', ({ part: [, , , , , , , , source] }) => source],
  ['text', ({ part: [, , , , , , , , , quality] }) => quality],
]

interface Occurred {
  readonly event: Observation['events'][number]
  readonly item: number
}

const EVENTS: Columns<Part<Occurred>> = [
  ['int', ({ report }) => report],
  ['bigint', ({ part }) => part.event.timestamp_ms],
  ['bigint', ({ part }) => part.item],
  ['text', ({ part }) => part.event.event_type],
  ['text', ({ part }) => part.event.severity ?? null],
  ['text', ({ part }) => part.event.payload],
]

const TABLES = [TENANTS, REPORTS, POSITIONS, VALUES, EVENTS] as const

const ARGUMENTS = TABLES.flatMap((columns) => columns.map(([type]) => `${type}[]`))

export const APPEND = {
  name: 'telemetry_append',
  text: `SELECT telemetry.append(${ARGUMENTS.map((type, index) => `$${index + 1}::${type}`).join(', ')}) AS outcomes`,
}

/** The distinct tenants, by name: their places. */
export type Tenants = ReadonlyMap<string, { readonly tenant: Tenant; readonly place: number }>

export function tenantsOf(batch: readonly Tenant[]): Tenants {
  const byName = new Map(batch.map((tenant) => [tenantName(tenant), tenant]))
  // In one order, so that transactions which lock several cannot deadlock.
  const ordered = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return new Map(ordered.map(([name, tenant], index) => [name, { tenant, place: index + 1 }]))
}

/** @param tenants of these observations, and perhaps others, which are locked too. */
export function parametersOf(observations: readonly Observation[], tenants: Tenants): Buffer[] {
  const reports: Report[] = []
  const positions: Part<Fix>[] = []
  const values: Part<MeasurementColumns>[] = []
  const events: Part<Occurred>[] = []
  const firsts = new Map<string, number>()
  for (const [index, one] of observations.entries()) {
    const report = index + 1
    const tenant = tenants.get(tenantName(one))?.place as number
    const request = `${tenant} ${one.client_id} ${one.item} ${one.request_id} ${one.asset_id}`
    const first = firsts.get(request) ?? null
    if (first === null) firsts.set(request, report)
    reports.push({ one, tenant, first })
    if (one.position !== null) positions.push({ report, part: one.position })
    for (const part of measurementRows(one.metrics, 0)) values.push({ report, part })
    for (const [item, event] of one.events.entries()) events.push({ report, part: { event, item } })
  }
  return [
    ...arraysOf(
      TENANTS,
      [...tenants.values()].map(({ tenant }) => tenant),
    ),
    ...arraysOf(REPORTS, reports),
    ...arraysOf(POSITIONS, positions),
    ...arraysOf(VALUES, values),
    ...arraysOf(EVENTS, events),
  ]
}

function arraysOf<Row>(columns: Columns<Row>, rows: readonly Row[]): Buffer[] {
  return columns.map(([type, read]) => {
    const array = TYPES[type] as (values: readonly Value[]) => Buffer
    return array(rows.map(read))
  })
}
