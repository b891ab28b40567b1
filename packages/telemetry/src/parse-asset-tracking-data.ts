/**
 * Parses the body of a track request and returns the report, or all of its faults.
 *
 * No I/O and no clock. The body is neither changed nor copied.
 */

import {
  type AssetEvent,
  type AssetTrackingData,
  MAX_EVENTS,
  MAX_METRIC_ITEMS,
  type MetricItem,
} from './asset-tracking-data.ts'
import { CHECKED_SCHEMA } from './checked-schema.ts'
import { passesFastCheck } from './compiled-schema.ts'
import { createFaults, type Faults, type Path } from './faults.ts'
import { readFlat, refuseFlat } from './flat-metrics.ts'
import type { MetricDefinition } from './metric-registry.ts'
import { checkMetric, type MetricFault } from './metric-rules.ts'
import { collectSchemaFaults } from './schema-faults.ts'
import { DEFAULT_FUTURE_TOLERANCE_MS, parseTimestamp, timestampFault } from './timestamp.ts'

export interface ValidationOptions {
  /** Unix milliseconds. */
  readonly nowMs: number
  /**
   * `strict` (the default) refuses a key that is neither canonical nor an extension, and metrics in
   * the flat shape (`flat-metrics.ts`). `lenient` names such a key in the warnings, and reads the
   * flat shape as a report.
   */
  readonly validation?: 'strict' | 'lenient'
  /** How far a timestamp may be ahead of `nowMs`. One hour by default. */
  readonly futureToleranceMs?: number
  /** Maximum number of faults shown; 50 by default. */
  readonly maxFaults?: number
}

/** An accepted body, with its timestamps parsed and its metric keys looked up. */
export interface ParsedReport {
  /** The object that was passed in; the flat shape as the report it stands for. */
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
  /** Undefined unless the key is canonical. */
  readonly definition: MetricDefinition | undefined
}

export interface ParsedEvent {
  readonly event: AssetEvent
  /** Unix milliseconds. */
  readonly timestamp_ms: number
}

/**
 * Keys of `errors` and `warnings` are paths as sent (`gps.latitude`, `metrics.items[0].v`), or
 * `body` when the body is not an object. At most `maxFaults` are shown; the key `…` holds the
 * number of hidden ones.
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
 * The compiled schema accepts most bodies outright; a slower walk collects the faults of the
 * others. Timestamps and metrics are checked in both cases, so one result names every fault.
 * Messages state what was expected. Those about a metric item or a timestamp start with a code and
 * a colon: `UNKNOWN_KEY`, `TYPE_MISMATCH`, `UNIT_MISMATCH`, `OUT_OF_BOUNDS`, `INVALID_TIMESTAMP`.
 * The message for a missing field is always `is required`.
 */
export function parseAssetTrackingData(sent: unknown, options: ValidationOptions): Validation {
  const isLenient = options.validation === 'lenient'
  const { body, pathAsSent } = isLenient ? readFlat(sent) : { body: sent, pathAsSent: undefined }
  const errors = createFaults(options.maxFaults, pathAsSent)
  const warnings = createFaults(options.maxFaults, pathAsSent)
  // 1. The shape.
  if (!isLenient) refuseFlat(body, errors)
  if (!passesFastCheck(body)) collectSchemaFaults(CHECKED_SCHEMA, body, [], errors)
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
 * Also runs on bodies that the schema refused, and skips the fields of the wrong type. The result
 * is valid only if no error was added.
 */
function parseFields(body: Record<string, unknown>, check: Check): ParsedReport {
  checkAssetId(body.asset_id, check.errors)
  checkStorable(body, ['asset_id', 'type'], [], check.errors)
  const timestamp_ms = parseTime(body, 'timestamp', [], check)
  return {
    data: body as AssetTrackingData,
    timestamp_ms,
    metrics: parseMetrics(body.metrics, timestamp_ms, check),
    events: parseEvents(body.events, check),
  }
}

/**
 * A lone surrogate has no UTF-8 encoding, so it can be neither stored nor looked up. Clients
 * resolve `.` and `..` in a path before they send it, percent-encoded ones too (WHATWG URL).
 */
function checkAssetId(asset_id: unknown, errors: Faults): void {
  if (typeof asset_id !== 'string') return
  if (!asset_id.isWellFormed()) {
    errors.add(['asset_id'], () => 'must be well-formed Unicode, without lone surrogates')
  } else if (asset_id === '.' || asset_id === '..') {
    errors.add(['asset_id'], () => 'must not be . or .., which no URL can contain')
  }
}

/** Searchable fields are text columns, and PostgreSQL's text cannot contain U+0000. */
function checkStorable(
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
    checkStorable(item, ['u'], path, check.errors)
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
    checkStorable(event, ['event_type'], path, check.errors)
    parsed.push({ event: event as AssetEvent, timestamp_ms })
  }
  return parsed
}

/** Unix milliseconds; NaN for an invalid timestamp or a field that is not a string. */
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
  const fault = timestampFault(sent, instantMs, nowMs, futureToleranceMs)
  if (fault !== null) errors.add([...path, field], () => fault)
  return instantMs ?? Number.NaN
}

function reportMetric(fault: MetricFault, path: Path, check: Check): void {
  const tolerated = fault.tolerable === true && check.options.validation === 'lenient'
  const faults = tolerated ? check.warnings : check.errors
  faults.add([...path, ...fault.at], () => `${fault.code}: ${fault.text()}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects in an array with their indexes; none if the array is longer than `limit`. */
function* recordsOf(
  values: unknown,
  limit: number,
): Generator<[index: number, record: Record<string, unknown>]> {
  if (!Array.isArray(values) || values.length > limit) return
  for (const [index, value] of values.entries()) if (isRecord(value)) yield [index, value]
}
