/**
 * Explains why a value does not match a schema, in messages for the device's developer.
 *
 * TypeBox returns at most eight errors, one per failed keyword and union branch. This walk produces
 * one message per path. It builds the message from the schema itself, so that message and rule stay
 * in step. It supports only the keywords that `asset-tracking-data.ts` uses, which a test verifies.
 * Its recursion is bounded by the depth of the schema, whatever the depth of the value.
 */

import type { FaultCode, Faults, Path } from './faults.ts'

type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean'

/** The subset of JSON Schema in use, with our custom keywords. */
export interface SchemaNode {
  readonly type?: JsonType
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaNode[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly 'x-unit'?: string
  readonly 'x-no-value'?: number
  readonly 'x-expected'?: string
  readonly 'x-fault-code'?: FaultCode
}

/** Adds all faults of `value` to `faults`; none if and only if the value matches the schema. */
export function collectSchemaFaults(
  node: SchemaNode,
  value: unknown,
  path: Path,
  faults: Faults,
): void {
  const branch = branchFor(node, value)
  if (branch !== undefined) {
    collectSchemaFaults(branch, value, path, faults)
  } else if (!fitsItself(node, value)) {
    faults.add(path, () => expectation(node, value))
  } else {
    if (node.properties !== undefined) collectFields(node, value as object, path, faults)
    if (node.items !== undefined) collectElements(node.items, value as unknown[], path, faults)
  }
}

function collectFields(node: SchemaNode, value: object, path: Path, faults: Faults): void {
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    const sent = (value as Record<string, unknown>)[name]
    const at = [...path, name]
    const required = node.required?.includes(name) === true
    if (sent === undefined) {
      if (required) faults.add(at, () => 'is required')
    } else if (sent === null && !required && !fitsItself(field, null)) {
      faults.add(at, () => `${expectation(field, null)}; leave it out when there is no value`)
    } else {
      collectSchemaFaults(field, sent, at, faults)
    }
  }
}

function collectElements(node: SchemaNode, values: unknown[], path: Path, faults: Faults): void {
  for (const [index, value] of values.entries()) {
    collectSchemaFaults(node, value, faults.isFull() ? path : [...path, index], faults)
  }
}

/**
 * The union branch to report on: the one with the value's type, if any. Skips branches of a single
 * constant, since the message of the whole union says more.
 */
function branchFor(node: SchemaNode, value: unknown): SchemaNode | undefined {
  return node.anyOf?.find(
    (branch) => branch.const === undefined && branch.type !== undefined && isOfType(branch, value),
  )
}

function isOfType(node: SchemaNode, value: unknown): boolean {
  return node.type === undefined || TYPE_TESTS[node.type](value)
}

/** Whether a value matches a node, without looking at its fields and elements. */
function fitsItself(node: SchemaNode, value: unknown): boolean {
  if (node.anyOf !== undefined) return node.anyOf.some((branch) => fitsItself(branch, value))
  if (node.const !== undefined) return value === node.const
  if (!isOfType(node, value)) return false
  if (node.enum !== undefined) return node.enum.includes(value)
  if (typeof value === 'number') return isBetween(value, node.minimum, node.maximum)
  if (typeof value === 'string') return fitsText(node, value)
  if (Array.isArray(value)) return isBetween(value.length, node.minItems, node.maxItems)
  return true
}

const TYPE_TESTS: Readonly<Record<JsonType, (value: unknown) => boolean>> = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
}

function isBetween(value: number, min = -Infinity, max = Infinity): boolean {
  return value >= min && value <= max
}

function fitsText(node: SchemaNode, text: string): boolean {
  const max = node.maxLength ?? Infinity
  // JSON Schema counts code points; `length` counts UTF-16 units, at most two per code point.
  if (text.length > max * 2) return false
  if (node.minLength !== undefined || text.length > max) {
    if (!isBetween([...text].length, node.minLength, max)) return false
  }
  return node.pattern === undefined || patternOf(node.pattern).test(text)
}

const patterns = new Map<string, RegExp>()

function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known !== undefined) return known
  const pattern = new RegExp(source, 'u')
  patterns.set(source, pattern)
  return pattern
}

function expectation(node: SchemaNode, value: unknown): string {
  const code = node['x-fault-code']
  const words = typeof value === 'number' && isOfType(node, value) ? range(node) : ''
  const expected = words === '' ? phrase(node) : words
  return `${code === undefined ? '' : `${code}: `}must be ${expected}${contrast(node, value)}`
}

/** What was sent instead, for common mistakes. */
function contrast(node: SchemaNode, value: unknown): string {
  if (value === null) return ', not null'
  if (typeof value !== 'number') return ''
  if (node['x-fault-code'] === 'INVALID_TIMESTAMP') return ', not Unix time'
  return value === node['x-no-value']
    ? `; ${value} stands for no position: leave gps out (a metric has q "missing" for it)`
    : ''
}

/** What follows "must be". */
function phrase(node: SchemaNode): string {
  if (node['x-expected'] !== undefined) return node['x-expected']
  if (node.anyOf !== undefined) return list(node.anyOf.map(phrase))
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum !== undefined) return `one of ${list(node.enum.map((one) => String(one)))}`
  return node.type === undefined ? 'any JSON value' : PHRASES[node.type](node)
}

const PHRASES: Readonly<Record<JsonType, (node: SchemaNode) => string>> = {
  object: () => 'an object',
  array: (node) => `an array${sizes(node.minItems, node.maxItems, 'items')}`,
  string: (node) => `a string${sizes(node.minLength, node.maxLength, 'characters')}`,
  number: (node) => numberPhrase('a number', range(node), node['x-unit']),
  integer: (node) => numberPhrase('a whole number', range(node), node['x-unit']),
  boolean: () => 'true or false',
}

function range({ minimum, maximum, 'x-unit': unit }: SchemaNode): string {
  return rangePhrase(minimum, maximum, unit)
}

/** `between 0 and 8000 rpm`, `at least 0 s`, or an empty string for an unbounded number. */
export function rangePhrase(min?: number, max?: number, unit?: string): string {
  const suffix = unit === undefined ? '' : ` ${unit}`
  if (min !== undefined && max !== undefined) return `between ${min} and ${max}${suffix}`
  if (min !== undefined) return `at least ${min}${suffix}`
  return max === undefined ? '' : `at most ${max}${suffix}`
}

/** `a number between 0 and 8000 rpm`, `a number of at least 0 s`, `a number in m`, `a number`. */
export function numberPhrase(noun: string, rangeWords: string, unit?: string): string {
  if (rangeWords.startsWith('at ')) return `${noun} of ${rangeWords}`
  if (rangeWords !== '') return `${noun} ${rangeWords}`
  return unit === undefined ? noun : `${noun} in ${unit}`
}

function sizes(min: number | undefined, max: number | undefined, what: string): string {
  if (min !== undefined && max !== undefined) return ` of ${min} to ${max} ${what}`
  return max === undefined ? '' : ` of at most ${max} ${what}`
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} or ${items.at(-1)}`
}
