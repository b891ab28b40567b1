/**
 * Splits a batch into items and validates each on its own. Pure: large batches are processed on
 * another thread, so all arguments and results can be copied between threads.
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
import { type BareOrigin, type ReadOptions, readReport } from './read-report.ts'

/** Maximum faults in one response, over all items; each item shows at least one. */
const MAX_BATCH_FAULTS = 2000

/** Maximum JSON values in all items together: a hundred in each of a thousand. */
export const MAX_BATCH_VALUES = 100_000

/** One array, or one report per line. */
export type BatchFormat = 'json' | 'ndjson'

/** What identifies an item without a key of its own: the request and its index, or its text. */
export type ItemIds = 'request' | 'content'

/** Why an item is refused: the status and members of the response it would get if sent alone. */
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

/** The warnings of a valid item, or the refusal of an invalid one. */
export type CheckedItem =
  | { readonly warnings: Readonly<Record<string, string>> }
  | { readonly refused: Refusal }

/**
 * The text of each report, as sent.
 *
 * @throws ApiError 400 for an empty batch, 413 for too many items; JsonBodyError for a body that is
 *   not UTF-8, or not an array.
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
 * Returns a function that validates the items in order. It counts shown faults and parsed values
 * over the whole batch.
 *
 * @param origin of the request; without its `request_id`, each item gets one from its text.
 * @param keep called with each valid observation, in order.
 * @returns a function that throws ApiError 413 for too many values.
 */
export function createItemValidator(
  origin: BareOrigin,
  validation: ReadOptions['validation'],
  keep: (observation: Observation) => void,
): (text: string, item: number) => CheckedItem {
  const budget: ValueBudget = { left: MAX_BATCH_VALUES }
  let shown = 0
  return (text, item) => {
    if (isTooLarge(text)) return { refused: itemTooLarge() }
    const maxFaults = Math.min(MAX_SHOWN_FAULTS, Math.max(1, MAX_BATCH_FAULTS - shown))
    const options = { validation, maxFaults, ownKey: true }
    const place = { ...origin, item: origin.request_id === null ? 0 : item }
    const read = readReport(text, place, options, budget)
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

/** A UTF-16 unit takes at most three bytes, so few texts need to be measured. */
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
    `The batch contains more than ${MAX_BATCH_VALUES} values; split it`,
  )
}
