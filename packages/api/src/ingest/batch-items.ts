/**
 * The items of a batch: each told from the next, and judged alone. Pure: it runs on the main
 * thread, and for a large batch on another, so all that goes in and comes out can be copied between
 * threads.
 */

import {
  decodeUtf8,
  splitJsonArray,
  splitNdjson,
  type ValueBudget,
} from '@modulariot/platform/json'
import { MAX_BATCH_ITEMS, MAX_REPORT_BYTES, MAX_SHOWN_FAULTS } from '@modulariot/telemetry'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import type { Observation } from '../store/store.ts'
import { type Origin, type ReadOptions, readReport } from './read-report.ts'

/** Faults shown in one answer, over all items; every item shows at least one. */
const MAX_BATCH_FAULTS = 2000

/** Values (`MAX_JSON_VALUES`) in all items together: a hundred in each of a thousand. */
export const MAX_BATCH_VALUES = 100_000

/** One array, or a report a line. */
export type BatchFormat = 'json' | 'ndjson'

/** Why an item is not kept: the status it would have had alone, and that answer's members. */
export type Refusal =
  | {
      readonly code: 400
      readonly status: 'validation_error'
      readonly message: string
      readonly errors: Readonly<Record<string, string>>
    }
  | {
      readonly code: number
      readonly status: 'error'
      readonly message: string
      readonly detail: string
    }

/** What is to be kept of an item, if the store has not had it before; or why it is not. */
export type Verdict =
  | { readonly warnings: Readonly<Record<string, string>> }
  | { readonly refused: Refusal }

/**
 * Each report as it was sent.
 *
 * @throws ApiError 400 for none, 413 for too many; JsonBodyError for what is not UTF-8, or not one
 *   array.
 */
export function itemsOf(bytes: Buffer, format: BatchFormat): string[] {
  const text = decodeUtf8(bytes)
  const split = format === 'ndjson' ? splitNdjson : splitJsonArray
  const items = split(text, MAX_BATCH_ITEMS)
  if (items.length === 0) throw new ApiError(400, 'Empty batch', 'Send at least one report')
  if (items.length > MAX_BATCH_ITEMS) {
    throw new ApiError(413, 'Too many items', `Send at most ${MAX_BATCH_ITEMS} reports in a batch`)
  }
  return items
}

/**
 * Judges the items in order. It remembers how many faults were shown, and how many values built.
 *
 * @param keep told what is to be kept, in order.
 * @returns throws ApiError 413 for too many values.
 */
export function createJudge(
  origin: Origin,
  unknownKeys: ReadOptions['unknownKeys'],
  keep: (observation: Observation) => void,
): (text: string, item: number) => Verdict {
  const budget: ValueBudget = { left: MAX_BATCH_VALUES }
  let shown = 0
  return (text, item) => {
    if (isTooLarge(text)) return { refused: itemTooLarge() }
    const maxFaults = Math.min(MAX_SHOWN_FAULTS, Math.max(1, MAX_BATCH_FAULTS - shown))
    const options = { unknownKeys, maxFaults, ownKey: true }
    const read = readReport(text, { ...origin, item }, options, budget)
    if (budget.left < 0) throw tooManyValues()
    if (read.kind === 'unreadable') {
      return {
        refused: { code: 400, status: 'error', message: 'Invalid JSON', detail: read.message },
      }
    }
    shown += Object.keys(read.kind === 'good' ? read.warnings : read.errors).length
    if (read.kind === 'faulty') {
      const { message } = new ValidationError(read.errors)
      return { refused: { code: 400, status: 'validation_error', message, errors: read.errors } }
    }
    keep(read.observation)
    return { warnings: read.warnings }
  }
}

/** No character of JavaScript's takes more than three bytes, so hardly a text is counted. */
function isTooLarge(text: string): boolean {
  return text.length * 3 > MAX_REPORT_BYTES && Buffer.byteLength(text) > MAX_REPORT_BYTES
}

function itemTooLarge(): Refusal {
  return {
    code: 413,
    status: 'error',
    message: 'Item too large',
    detail: `A report is larger than ${MAX_REPORT_BYTES / 1024 ** 2} MiB`,
  }
}

function tooManyValues(): ApiError {
  return new ApiError(
    413,
    'Too many values',
    `The batch holds more than ${MAX_BATCH_VALUES} values; split it`,
  )
}
