/**
 * Checks one metric item against the registry: a known key, the right unit, and a value of the
 * right type and range. The schema checks the shape of the item, and `timestamp.ts` its time.
 */

import {
  MAX_METRIC_KEY_LENGTH,
  MAX_NAME_LENGTH,
  METRIC_KEY_PATTERN,
} from './asset-tracking-data.ts'
import { echo, type FaultCode } from './faults.ts'
import {
  isExtensionKey,
  type MetricDefinition,
  type MetricType,
  metricDefinition,
  similarMetricKey,
} from './metric-registry.ts'
import { isNotAvailable } from './not-available.ts'
import { numberPhrase, rangePhrase } from './schema-faults.ts'

/** Maximum characters of a `v` that is a string, under any key. */
export const MAX_STRING_VALUE_LENGTH = 1000

/**
 * Maximum number of values inside a `v` that is an array or an object, at any depth. Enough for a
 * burst of samples.
 */
export const MAX_VALUE_PARTS = 1024

export interface MetricFault {
  readonly code: FaultCode
  /** From the item: `['u']`, `['v']`, `['v', 3]`. */
  readonly at: readonly (string | number)[]
  readonly text: () => string
  /** In `lenient` mode, a warning instead of an error. */
  readonly tolerable?: true
}

/** A callback, so that a valid item costs no allocation. */
export type Report = (fault: MetricFault) => void

/** An item as received. The schema may already have refused any of its fields. */
export interface SentMetric {
  readonly k?: unknown
  readonly v?: unknown
  readonly u?: unknown
  readonly q?: unknown
}

/**
 * Reports all faults of an item's key, unit and value.
 *
 * For an extension key, checks only its form and that its value can be stored. Skips what the
 * schema already refused: a key or a unit that is not a string, a missing value.
 *
 * @returns the registry's row, for a canonical key.
 */
export function checkMetric(item: SentMetric, report: Report): MetricDefinition | undefined {
  const { k, v, u } = item
  const definition = typeof k === 'string' ? metricDefinition(k) : undefined
  if (definition === undefined) {
    if (typeof k === 'string') checkOtherKey(k, report)
    if (typeof v === 'string') checkLength(v, undefined, report)
    else if (typeof v !== 'boolean') checkParts(v, report)
    return undefined
  }
  if (typeof u === 'string' && !isTooLong(u)) checkUnit(definition, u, report)
  const isAbsent = v === undefined || (v === null && mayBeNull(item))
  if (!isAbsent) VALUE_RULES[definition.type](definition, v, report)
  return definition
}

/** In code points, as the schema counts. */
const isTooLong = (text: string): boolean =>
  text.length > MAX_NAME_LENGTH && [...text].length > MAX_NAME_LENGTH

const METRIC_KEY = new RegExp(METRIC_KEY_PATTERN, 'u')

const KEY_FORM = `must be two to six lower-case words joined by dots, at most ${MAX_METRIC_KEY_LENGTH} characters`

/** Checks a key that is not canonical: an extension, an unknown key, or a malformed one. */
function checkOtherKey(key: string, report: Report): void {
  if (key.length > MAX_METRIC_KEY_LENGTH) {
    report({ code: 'UNKNOWN_KEY', at: ['k'], text: () => KEY_FORM })
  } else if (!METRIC_KEY.test(key)) {
    report({ code: 'UNKNOWN_KEY', at: ['k'], text: () => `${KEY_FORM}${advice(key)}` })
  } else if (!isExtensionKey(key)) {
    const text = () => `${echo(key, 'this key')} is not a canonical metric${advice(key)}`
    report({ code: 'UNKNOWN_KEY', at: ['k'], text, tolerable: true })
  }
}

function advice(key: string): string {
  const similar = similarMetricKey(key)
  if (similar !== undefined) return `; did you mean ${similar}?`
  return '; use a key from the metric registry, or a custom key that starts with x.'
}

/** `q` marks a sensor without a usable value; only then may the value be null. */
function mayBeNull(item: SentMetric): boolean {
  return item.q === 'missing' || item.q === 'invalid'
}

/** Accepted spellings of a canonical unit. */
const UNIT_SPELLINGS: Readonly<Record<string, readonly string[]>> = { C: ['C', '°C'] }

/** The published tables show the type as the unit of a metric without one, so it is accepted. */
const TYPE_NAMES: Readonly<Record<MetricType, readonly string[]>> = {
  number: [],
  boolean: ['bool', 'boolean'],
  string: ['string'],
  array: ['array'],
  object: ['object'],
}

function checkUnit(definition: MetricDefinition, sent: string, report: Report): void {
  const { unit } = definition
  if (sent === unit) return
  const accepted = unit === undefined ? TYPE_NAMES[definition.type] : UNIT_SPELLINGS[unit]
  if (accepted?.includes(sent)) return
  report({
    code: 'UNIT_MISMATCH',
    at: ['u'],
    text: () => {
      const given = echo(sent, 'this unit')
      return unit === undefined
        ? `${definition.key} has no unit; remove ${given}`
        : `${definition.key} must be in ${unit}, not ${given}; convert it before sending`
    },
  })
}

type ValueRule = (definition: MetricDefinition, value: unknown, report: Report) => void

const VALUE_RULES: Readonly<Record<MetricType, ValueRule>> = {
  number(definition, value, report) {
    const { key, unit, min = -Infinity, max = Infinity } = definition
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      mismatch(definition, value, numberPhrase('a number', rangeOf(definition), unit), report)
    } else if (value < min || value > max) {
      const text = () => `${key} must be ${rangeOf(definition)}${noValueHint(key, value)}`
      report({ code: 'OUT_OF_BOUNDS', at: ['v'], text })
    }
  },
  boolean(definition, value, report) {
    if (typeof value !== 'boolean') mismatch(definition, value, 'true or false', report)
  },
  string(definition, value, report) {
    if (typeof value === 'string') checkLength(value, definition, report)
    else mismatch(definition, value, 'a string', report)
  },
  array(definition, value, report) {
    if (!Array.isArray(value)) {
      mismatch(definition, value, 'an array of strings', report)
      return
    }
    if (value.length > MAX_VALUE_PARTS) {
      report(TOO_MANY_PARTS)
      return
    }
    const text = () => elementText(definition)
    for (const [index, element] of value.entries()) {
      if (typeof element === 'string' && definition.elementPattern?.test(element)) continue
      report({ code: 'TYPE_MISMATCH', at: ['v', index], text })
    }
  },
  object(definition, value, report) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      mismatch(definition, value, 'an object', report)
    } else checkParts(value, report)
  },
}

/** Checks the general limit of strings, or the exact length that some keys require. */
function checkLength(
  value: string,
  definition: MetricDefinition | undefined,
  report: Report,
): void {
  const exact = definition?.length
  if (exact === undefined ? value.length <= MAX_STRING_VALUE_LENGTH : value.length === exact) return
  const text = () =>
    exact === undefined
      ? `a string value must have at most ${MAX_STRING_VALUE_LENGTH} characters`
      : `${definition?.key} must have exactly ${exact} characters`
  report({ code: 'OUT_OF_BOUNDS', at: ['v'], text })
}

const TOO_MANY_PARTS: MetricFault = {
  code: 'OUT_OF_BOUNDS',
  at: ['v'],
  text: () => `a value must contain at most ${MAX_VALUE_PARTS} values`,
}

const NO_DOUBLE: MetricFault = {
  code: 'OUT_OF_BOUNDS',
  at: ['v'],
  text: () => 'a number must fit in a double (IEEE 754)',
}

/** JSON numbers beyond the range of a double parse as infinite and would be returned as null. */
function checkParts(value: unknown, report: Report): void {
  if (typeof value === 'object' && value !== null) {
    const fault = partsFault(value)
    if (fault !== null) report(fault)
  } else if (isInfinite(value)) report(NO_DOUBLE)
}

/** Iterative, since the depth may be unbounded. Stops at the limit, whatever the size. */
function partsFault(value: object): MetricFault | null {
  const left = [value]
  let parts = 0
  for (let holder = left.pop(); holder !== undefined; holder = left.pop()) {
    if (Array.isArray(holder) && parts + holder.length > MAX_VALUE_PARTS) return TOO_MANY_PARTS
    for (const name in holder) {
      if (++parts > MAX_VALUE_PARTS) return TOO_MANY_PARTS
      const part = (holder as Record<string, unknown>)[name]
      if (typeof part === 'object' && part !== null) left.push(part)
      else if (isInfinite(part)) return NO_DOUBLE
    }
  }
  return null
}

const isInfinite = (value: unknown): boolean => typeof value === 'number' && !Number.isFinite(value)

function elementText(definition: MetricDefinition): string {
  return `each entry of ${definition.key} must be a string that matches ${definition.elementPattern?.source}`
}

function rangeOf(definition: MetricDefinition): string {
  return rangePhrase(definition.min, definition.max, definition.unit)
}

function noValueHint(key: string, value: number): string {
  if (!isNotAvailable(key, value)) return ''
  return `; the bus sends ${value} for no value: send v null with q "missing"`
}

function mismatch(
  definition: MetricDefinition,
  value: unknown,
  expected: string,
  report: Report,
): void {
  const hint = value === null ? '; null is only for q "missing" or "invalid"' : ''
  const text = () => `${definition.key} must be ${expected}, not ${typeName(value)}${hint}`
  report({ code: 'TYPE_MISMATCH', at: ['v'], text })
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return isInfinite(value) ? 'a number too large for a double' : `a ${typeof value}`
}
