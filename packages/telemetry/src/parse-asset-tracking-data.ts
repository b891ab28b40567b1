/**
 * Parses the body of a track request: what it says, or everything that is wrong with it at once.
 *
 * No I/O and no clock. The body is never changed or copied.
 */

import {
  type AssetEvent,
  type AssetTrackingData,
  MAX_EVENTS,
  MAX_METRIC_ITEMS,
  type MetricItem,
} from './asset-tracking-data.ts'
import { CHECKED_SCHEMA } from './checked-schema.ts'
import { surelyFits } from './compiled-schema.ts'
import { createFaults, type Faults, type Path } from './faults.ts'
import type { MetricDefinition } from './metric-registry.ts'
import { checkMetric, type MetricFault } from './metric-rules.ts'
import { collectSchemaFaults } from './schema-faults.ts'
import { DEFAULT_FUTURE_TOLERANCE_MS, parseTimestamp, timestampFault } from './timestamp.ts'

export interface ValidationOptions {
  /** Unix milliseconds. */
  readonly nowMs: number
  /**
   * `strict` (the default) refuses a payload with a key that is neither canonical nor an extension;
   * `lenient` accepts it and names the key in the warnings.
   */
  readonly unknownKeys?: 'strict' | 'lenient'
  /** How far a timestamp may be ahead of `nowMs`. One hour by default. */
  readonly futureToleranceMs?: number
  /** How many faults are shown; 50 by default. */
  readonly maxFaults?: number
}

/** An accepted body, with its times read and its metric keys looked up. */
export interface ParsedReport {
  /** The object that came in. */
  readonly data: AssetTrackingData
  /** Unix milliseconds. */
  readonly timestamp_ms: number
  /** One for each of `data.metrics.items`, in the same order. */
  readonly metrics: readonly ParsedMetric[]
  /** One for each of `data.events`, in the same order. */
  readonly events: readonly ParsedEvent[]
}

export interface ParsedMetric {
  readonly item: MetricItem
  /** Unix milliseconds: its own `ts`, or the report's timestamp. */
  readonly timestamp_ms: number
  /** Undefined for a key that is not canonical. */
  readonly definition: MetricDefinition | undefined
}

export interface ParsedEvent {
  readonly event: AssetEvent
  /** Unix milliseconds. */
  readonly timestamp_ms: number
}

/**
 * Keys of `errors` and `warnings` are paths as sent (`gps.latitude`, `metrics.items[0].v`), or
 * `body` when the body is no object. At most `maxFaults` are shown; the number of the others is
 * under the key `…`.
 */
export type Validation =
  | {
      readonly ok: true
      readonly report: ParsedReport
      readonly warnings: Record<string, string>
    }
  | { readonly ok: false; readonly errors: Record<string, string> }

/**
 * Parses a body of `POST /v1/asset/track`.
 *
 * The compiled schema accepts most bodies outright; only when it does not, a slower walk collects
 * the reasons. Timestamps and metrics are checked in both cases, so one answer names every fault.
 * Messages say what was expected. Those about a metric item or a timestamp start with a code and a
 * colon: `UNKNOWN_KEY`, `TYPE_MISMATCH`, `UNIT_MISMATCH`, `OUT_OF_BOUNDS`, `INVALID_TIMESTAMP`; a
 * missing field is `is required` everywhere.
 */
export function parseAssetTrackingData(body: unknown, options: ValidationOptions): Validation {
  const errors = createFaults(options.maxFaults)
  const warnings = createFaults(options.maxFaults)
  // 1. The shape.
  if (!surelyFits(body)) collectSchemaFaults(CHECKED_SCHEMA, body, [], errors)
  // 2. What the shape cannot express.
  const report = isRecord(body) ? parseFields(body, { options, errors, warnings }) : null
  // 3. The verdict.
  if (report === null || !errors.isEmpty()) return { ok: false, errors: errors.toRecord() }
  return { ok: true, report, warnings: warnings.toRecord() }
}

interface Check {
  readonly options: ValidationOptions
  readonly errors: Faults
  readonly warnings: Faults
}

/**
 * Also sees bodies of the wrong shape, and skips what the schema has refused. What it returns is a
 * report only where no error was added.
 */
function parseFields(body: Record<string, unknown>, check: Check): ParsedReport {
  checkAssetId(body.asset_id, check.errors)
  checkKeepable(body, ['asset_id', 'type'], [], check.errors)
  const timestamp_ms = parseTime(body, 'timestamp', [], check)
  return {
    data: body as AssetTrackingData,
    timestamp_ms,
    metrics: parseMetrics(body.metrics, timestamp_ms, check),
    events: parseEvents(body.events, check),
  }
}

/**
 * Half a surrogate pair has no UTF-8: it could be neither stored nor looked up. `.` and `..` are
 * steps in a path, which clients resolve before they send it (percent-encoded too: WHATWG URL).
 */
function checkAssetId(asset_id: unknown, errors: Faults): void {
  if (typeof asset_id !== 'string') return
  if (!asset_id.isWellFormed()) {
    errors.add(['asset_id'], () => 'must be well-formed Unicode, without lone surrogates')
  } else if (asset_id === '.' || asset_id === '..') {
    errors.add(['asset_id'], () => 'must not be . or .., which no URL can contain')
  }
}

/** Fields that can be searched by are text columns, and PostgreSQL's text cannot hold U+0000. */
function checkKeepable(
  holder: Record<string, unknown>,
  fields: readonly string[],
  path: Path,
  errors: Faults,
): void {
  for (const field of fields) {
    const sent = holder[field]
    if (typeof sent === 'string' && sent.includes('\0')) {
      errors.add([...path, field], () => 'must not contain the character U+0000')
    }
  }
}

function parseMetrics(metrics: unknown, timestamp_ms: number, check: Check): ParsedMetric[] {
  const parsed: ParsedMetric[] = []
  if (!isRecord(metrics)) return parsed
  parseTime(metrics, 'device_ts', ['metrics'], check)
  for (const [index, item] of recordsOf(metrics.items, MAX_METRIC_ITEMS)) {
    const path = ['metrics', 'items', index]
    const measured_ms = item.ts === undefined ? timestamp_ms : parseTime(item, 'ts', path, check)
    checkKeepable(item, ['u'], path, check.errors)
    const definition = checkMetric(item, (fault) => reportMetric(fault, path, check))
    parsed.push({ item: item as MetricItem, timestamp_ms: measured_ms, definition })
  }
  return parsed
}

function parseEvents(events: unknown, check: Check): ParsedEvent[] {
  const parsed: ParsedEvent[] = []
  for (const [index, event] of recordsOf(events, MAX_EVENTS)) {
    const path = ['events', index]
    const timestamp_ms = parseTime(event, 'timestamp', path, check)
    checkKeepable(event, ['event_type'], path, check.errors)
    parsed.push({ event: event as AssetEvent, timestamp_ms })
  }
  return parsed
}

/** Unix milliseconds; NaN where there is an error, or no text. */
function parseTime(
  holder: Record<string, unknown>,
  field: string,
  path: Path,
  { options, errors }: Check,
): number {
  const sent = holder[field]
  if (typeof sent !== 'string') return Number.NaN
  const { nowMs, futureToleranceMs = DEFAULT_FUTURE_TOLERANCE_MS } = options
  const instantMs = parseTimestamp(sent)
  const fault = timestampFault(instantMs, nowMs, futureToleranceMs)
  if (fault !== null) errors.add([...path, field], () => fault)
  return instantMs ?? Number.NaN
}

function reportMetric(fault: MetricFault, path: Path, check: Check): void {
  const tolerated = fault.tolerable === true && check.options.unknownKeys === 'lenient'
  const faults = tolerated ? check.warnings : check.errors
  faults.add([...path, ...fault.at], () => `${fault.code}: ${fault.text()}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of an array, with their positions; none of an array that is too long. */
function* recordsOf(
  values: unknown,
  limit: number,
): Generator<[index: number, record: Record<string, unknown>]> {
  if (!Array.isArray(values) || values.length > limit) return
  for (const [index, value] of values.entries()) if (isRecord(value)) yield [index, value]
}
