/**
 * Is this the body of a track request? Everything that is wrong with it, at once.
 *
 * No I/O and no clock. The body is never changed nor copied: what is accepted is the object that
 * came in.
 */

import { type AssetTrackingData, MAX_EVENTS, MAX_METRIC_ITEMS } from './asset-tracking-data.ts'
import { CHECKED_SCHEMA } from './checked-schema.ts'
import { surelyFits } from './compiled-schema.ts'
import { createFaults, type Faults, type Path } from './faults.ts'
import { checkMetric, type MetricFault } from './metric-rules.ts'
import { collectSchemaFaults } from './schema-faults.ts'
import { DEFAULT_FUTURE_TOLERANCE_MS, timestampFault } from './timestamp.ts'

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

/**
 * Keys of `errors` and `warnings` are paths as sent (`gps.latitude`, `metrics.items[0].v`), or
 * `body` when the body is no object. At most `maxFaults` are shown; the number of the others is
 * under the key `…`.
 */
export type Validation =
  | {
      readonly ok: true
      readonly data: AssetTrackingData
      readonly warnings: Record<string, string>
    }
  | { readonly ok: false; readonly errors: Record<string, string> }

/**
 * Checks a body of `POST /v1/asset/track`.
 *
 * The compiled schema answers yes at once; only after a no does the slower walk look for the
 * reasons. Timestamps and metrics are checked in both cases, so that one answer names every fault.
 * Messages say what was expected. Those about a metric item or a timestamp start with a code and a
 * colon: `UNKNOWN_KEY`, `TYPE_MISMATCH`, `UNIT_MISMATCH`, `OUT_OF_BOUNDS`, `INVALID_TIMESTAMP`; a
 * missing field is `is required` everywhere.
 */
export function validateAssetTrackingData(body: unknown, options: ValidationOptions): Validation {
  const errors = createFaults(options.maxFaults)
  const warnings = createFaults(options.maxFaults)
  // 1. The shape.
  if (!surelyFits(body)) collectSchemaFaults(CHECKED_SCHEMA, body, [], errors)
  // 2. What the shape cannot say.
  if (isRecord(body)) {
    const check = { options, errors, warnings }
    checkAssetId(body.asset_id, errors)
    checkKeepable(body, ['asset_id', 'type'], [], errors)
    checkTimestamp(body, 'timestamp', [], check)
    checkMetrics(body.metrics, check)
    checkEvents(body.events, check)
  }
  // 3. The verdict.
  if (!errors.isEmpty()) return { ok: false, errors: errors.toRecord() }
  return { ok: true, data: body as AssetTrackingData, warnings: warnings.toRecord() }
}

interface Check {
  readonly options: ValidationOptions
  readonly errors: Faults
  readonly warnings: Faults
}

/**
 * Half a surrogate pair has no UTF-8: it could not be kept, nor be asked for again. Nor could the
 * names of steps in a path, which clients take (percent-encoded, too: WHATWG URL) before they send
 * it.
 */
function checkAssetId(asset_id: unknown, errors: Faults): void {
  if (typeof asset_id !== 'string') return
  if (!asset_id.isWellFormed()) {
    errors.add(['asset_id'], () => 'must be well-formed Unicode, without lone surrogates')
  } else if (asset_id === '.' || asset_id === '..') {
    errors.add(['asset_id'], () => 'must not be . or .., which no URL can contain')
  }
}

/** What is searched by is kept as text of a database, and not every one takes U+0000. */
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

/** Everything below also sees bodies of a wrong shape, and passes over what the schema refused. */
function checkMetrics(metrics: unknown, check: Check): void {
  if (!isRecord(metrics)) return
  checkTimestamp(metrics, 'device_ts', ['metrics'], check)
  for (const [index, item] of recordsOf(metrics.items, MAX_METRIC_ITEMS)) {
    const path = ['metrics', 'items', index]
    checkTimestamp(item, 'ts', path, check)
    checkKeepable(item, ['u'], path, check.errors)
    checkMetric(item, (fault) => reportMetric(fault, path, check))
  }
}

function checkEvents(events: unknown, check: Check): void {
  for (const [index, event] of recordsOf(events, MAX_EVENTS)) {
    checkTimestamp(event, 'timestamp', ['events', index], check)
    checkKeepable(event, ['event_type'], ['events', index], check.errors)
  }
}

function checkTimestamp(
  holder: Record<string, unknown>,
  field: string,
  path: Path,
  { options, errors }: Check,
): void {
  const sent = holder[field]
  if (typeof sent !== 'string') return
  const { nowMs, futureToleranceMs = DEFAULT_FUTURE_TOLERANCE_MS } = options
  const fault = timestampFault(sent, nowMs, futureToleranceMs)
  if (fault !== null) errors.add([...path, field], () => fault)
}

function reportMetric(fault: MetricFault, path: Path, check: Check): void {
  const tolerated = fault.tolerable === true && check.options.unknownKeys === 'lenient'
  const faults = tolerated ? check.warnings : check.errors
  faults.add([...path, ...fault.at], () => `${fault.code}: ${fault.text()}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of an array, with their places; nothing of an array the schema found too long. */
function* recordsOf(
  values: unknown,
  limit: number,
): Generator<[index: number, record: Record<string, unknown>]> {
  if (!Array.isArray(values) || values.length > limit) return
  for (const [index, value] of values.entries()) if (isRecord(value)) yield [index, value]
}
