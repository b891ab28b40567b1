/** The rows of new observations, all tables in one statement. */

import type { RunQuery } from '@modulariot/platform/postgres'
import { measurementRows } from '../measurement.ts'
import type { Observation } from '../store.ts'

/** An observation with the numbers its rows carry. */
export interface Stored {
  readonly one: Observation
  readonly tenant: number
  readonly seq: number
  readonly asset: number
}

/** Column names and types of a table, in the order of the values. */
type Columns = readonly (readonly [name: string, type: 'bigint' | 'text' | 'bytea' | 'float8'])[]

type Value = string | number | null | Uint8Array

interface Table {
  readonly name: string
  readonly columns: Columns
  readonly onConflict?: string
  /** The rows one observation has in it. */
  readonly rowsOf: (stored: Stored) => readonly (readonly Value[])[]
}

const OBSERVATIONS: Table = {
  name: 'observations',
  columns: [
    ['tenant', 'bigint'],
    ['seq', 'bigint'],
    ['asset', 'bigint'],
    ['timestamp_ms', 'bigint'],
    ['received_ms', 'bigint'],
    ['client_id', 'text'],
    ['request_id', 'text'],
    ['item', 'bigint'],
    ['body_digest', 'bytea'],
    ['payload', 'text'],
  ],
  rowsOf: ({ tenant, seq, asset, one }) => [
    [
      ...[tenant, seq, asset, one.timestamp_ms, one.received_ms],
      ...[one.client_id, one.request_id, one.item, one.body_digest, one.payload],
    ],
  ],
}

const POSITIONS: Table = {
  name: 'positions',
  columns: [
    ['tenant', 'bigint'],
    ['asset', 'bigint'],
    ['timestamp_ms', 'bigint'],
    ['seq', 'bigint'],
    ['latitude', 'float8'],
    ['longitude', 'float8'],
    ['altitude', 'float8'],
    ['speed', 'float8'],
    ['heading', 'float8'],
    ['accuracy', 'float8'],
    ['satellites', 'float8'],
  ],
  rowsOf: ({ tenant, seq, asset, one: { timestamp_ms, position } }) => {
    if (position === null) return []
    const { latitude, longitude, altitude, speed, heading, accuracy, satellites } = position
    const fix = [latitude, longitude, altitude, speed, heading, accuracy, satellites]
    return [[tenant, asset, timestamp_ms, seq, ...fix]]
  },
}

const METRICS: Table = {
  name: 'metrics',
  // What a device numbers is kept once, by its fingerprint.
  onConflict: ' ON CONFLICT DO NOTHING',
  columns: [
    ['tenant', 'bigint'],
    ['asset', 'bigint'],
    ['key', 'text'],
    ['timestamp_ms', 'bigint'],
    ['sequence', 'bigint'],
    ['seq', 'bigint'],
    ['item', 'bigint'],
    ['number', 'float8'],
    ['json', 'text'],
    ['unit', 'text'],
    ['source', 'text'],
    ['quality', 'text'],
  ],
  rowsOf: ({ tenant, seq, asset, one }) =>
    measurementRows(one.metrics, seq).map((columns) => [tenant, asset, ...columns]),
}

const EVENTS: Table = {
  name: 'events',
  columns: [
    ['tenant', 'bigint'],
    ['timestamp_ms', 'bigint'],
    ['seq', 'bigint'],
    ['item', 'bigint'],
    ['asset', 'bigint'],
    ['event_type', 'text'],
    ['severity', 'text'],
    ['payload', 'text'],
  ],
  rowsOf: ({ tenant, seq, asset, one }) =>
    one.events.map(({ timestamp_ms, event_type, severity, payload }, item) => [
      ...[tenant, timestamp_ms, seq, item],
      ...[asset, event_type, severity ?? null, payload],
    ]),
}

const TABLES = [OBSERVATIONS, POSITIONS, METRICS, EVENTS]

/** Also how far each tenant has come. Requests and metric keys are noted by triggers. */
export async function insertRows(
  query: RunQuery,
  stored: readonly Stored[],
  tenants: readonly { readonly tenant: number; readonly last_seq: number }[],
): Promise<void> {
  const values = TABLES.flatMap(({ columns, rowsOf }) => columnsOf(stored.flatMap(rowsOf), columns))
  await query(INSERT_ROWS, [
    ...values,
    tenants.map(({ tenant }) => tenant),
    tenants.map(({ last_seq }) => last_seq),
  ])
}

const INSERT_ROWS = { name: 'telemetry_insert_rows', text: insertStatement() }

function insertStatement(): string {
  let parameters = 0
  const inserts = TABLES.map(({ name, columns, onConflict }) => {
    const names = columns.map(([column]) => column).join(', ')
    const arrays = columns.map(([, type]) => `$${++parameters}::${type}[]`).join(', ')
    return `${name} AS (INSERT INTO telemetry.${name} (${names})
      SELECT * FROM unnest(${arrays})${onConflict ?? ''})`
  })
  return `WITH ${inserts.join(',\n')}
    UPDATE telemetry.tenants t SET last_seq = a.last_seq
    FROM unnest($${++parameters}::bigint[], $${++parameters}::bigint[]) AS a (tenant, last_seq)
    WHERE t.tenant = a.tenant`
}

/** An array a column, as `unnest` wants them. */
function columnsOf(rows: readonly (readonly Value[])[], columns: Columns): Value[][] {
  return columns.map((_, index) => rows.map((row) => row[index] as Value))
}
