/** Inserts the rows of new observations, into all tables with one statement. */

import type { RunQuery } from '@modulariot/platform/postgres'
import { measurementRows } from '../measurement.ts'
import type { Observation } from '../store.ts'

/** An observation with the numbers that its rows refer to. */
export interface Stored {
  readonly one: Observation
  readonly tenant: number
  readonly seq: number
  readonly asset: number
}

/**
 * Column names and types of a table, in the order of the values.
 *
 * `long` is text that may be long. In a text array the driver would escape every quote and
 * backslash, which takes 150 ms for a mebibyte of them. Instead, the concatenated texts of the
 * column are sent as bytes.
 */
type Columns = readonly (readonly [name: string, type: Type])[]

type Type = 'bigint' | 'text' | 'bytea' | 'float8' | 'long'

type Value = string | number | null | Uint8Array

interface Table {
  readonly name: string
  readonly columns: Columns
  readonly onConflict?: string
  /** The rows of one observation. */
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
    ['payload', 'long'],
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
  // A value with a `sequence` is stored once, identified by its fingerprint.
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
    ['json', 'long'],
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
    ['payload', 'long'],
  ],
  rowsOf: ({ tenant, seq, asset, one }) =>
    one.events.map(({ timestamp_ms, event_type, severity, payload }, item) => [
      ...[tenant, timestamp_ms, seq, item],
      ...[asset, event_type, severity ?? null, payload],
    ]),
}

const TABLES = [OBSERVATIONS, POSITIONS, METRICS, EVENTS]

/**
 * Maximum weight of a statement, in rows. Building its parameters blocks the event loop for
 * milliseconds; smaller statements mean more round trips per batch.
 */
const WEIGHT_A_STATEMENT = 1500
/**
 * Heavier batches use short statements, so that other requests are served in between. There are no
 * turns of tenants between them, since the transaction holds locks and the commit queue waits for
 * it.
 */
const HEAVY_WEIGHT = 10_000
const WEIGHT_OF_SHORT = 300
/** Characters of payload that cost as much as one row. */
const CHARACTERS_A_ROW = 512

/** Also updates `last_seq` of the tenants. Triggers record the requests and metric keys. */
export async function insertRows(
  query: RunQuery,
  stored: readonly Stored[],
  tenants: readonly { readonly tenant: number; readonly last_seq: number }[],
): Promise<void> {
  const isHeavy = stored.reduce((sum, { one }) => sum + weightOf(one), 0) > HEAVY_WEIGHT
  const parts = partsOf(stored, isHeavy ? WEIGHT_OF_SHORT : WEIGHT_A_STATEMENT)
  for (const [part, isLast] of parts) {
    const values = TABLES.flatMap((table) => columnsOf(part.flatMap(table.rowsOf), table.columns))
    const counters = isLast ? tenants : []
    await query(INSERT_ROWS, [
      ...values,
      counters.map(({ tenant }) => tenant),
      counters.map(({ last_seq }) => last_seq),
    ])
  }
}

function weightOf({ metrics, events, payload }: Observation): number {
  return 2 + metrics.length + events.length + payload.length / CHARACTERS_A_ROW
}

/** Groups the observations that fit in one statement; at least one each. */
function* partsOf(
  stored: readonly Stored[],
  maxWeight: number,
): Generator<[part: readonly Stored[], last: boolean]> {
  let start = 0
  let weight = 0
  for (const [index, { one }] of stored.entries()) {
    const more = weightOf(one)
    if (index > start && weight + more > maxWeight) {
      yield [stored.slice(start, index), false]
      start = index
      weight = 0
    }
    weight += more
  }
  yield [stored.slice(start), true]
}

const INSERT_ROWS = { name: 'telemetry_insert_rows', text: insertStatement() }

function insertStatement(): string {
  let parameters = 0
  const next = (type: string): string => `$${++parameters}::${type}`
  const inserts = TABLES.map(({ name, columns, onConflict }) => {
    const parts = columns.map(([column, type]) => {
      if (type !== 'long') return { arrays: [next(`${type}[]`)], names: [column], value: column }
      const bytes = next('bytea')
      const names = [`${column}_from`, `${column}_length`]
      const value = `convert_from(substring(${bytes} FROM ${names[0]} FOR ${names[1]}), 'UTF8')`
      return { arrays: [next('int[]'), next('int[]')], names, value }
    })
    const columnNames = columns.map(([column]) => column).join(', ')
    return `${name} AS (INSERT INTO telemetry.${name} (${columnNames})
      SELECT ${parts.map(({ value }) => value).join(', ')}
      FROM unnest(${parts.flatMap(({ arrays }) => arrays).join(', ')})
        AS sent (${parts.flatMap(({ names }) => names).join(', ')})${onConflict ?? ''})`
  })
  return `WITH ${inserts.join(',\n')}
    UPDATE telemetry.tenants t SET last_seq = a.last_seq
    FROM unnest($${++parameters}::bigint[], $${++parameters}::bigint[]) AS a (tenant, last_seq)
    WHERE t.tenant = a.tenant`
}

/**
 * The parameters of a table's columns, in order: one array per column, or three parameters for a
 * long one.
 */
function columnsOf(rows: readonly (readonly Value[])[], columns: Columns): unknown[] {
  return columns.flatMap(([, type], index): unknown[] => {
    const values = rows.map((row) => row[index] as Value)
    return type === 'long' ? longColumn(values as (string | null)[]) : [values]
  })
}

/** All texts as bytes, with the start of each (from 1) and its length (null for a null text). */
function longColumn(texts: readonly (string | null)[]): [Buffer, number[], (number | null)[]] {
  const lengths = texts.map((text) => (text === null ? null : Buffer.byteLength(text)))
  let end = 1
  const starts = lengths.map((length) => {
    const start = end
    end += length ?? 0
    return start
  })
  return [Buffer.from(texts.join('')), starts, lengths]
}
