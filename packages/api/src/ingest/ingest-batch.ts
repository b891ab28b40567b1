/**
 * Ingests a batch of reports. Each is validated on its own, the valid ones are stored in one
 * transaction, and each gets the result it would get if sent alone.
 *
 * A retry stores nothing twice: a report is identified by its own `idempotency_key`, which serves
 * as the `X-Request-Id` of the report alone; or by the batch's `X-Request-Id` and its index; or, if
 * the request says so, by its text.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { nextSlice } from '@modulariot/platform/slices'
import { MAX_BATCH_ITEMS } from '@modulariot/telemetry'
import { ValidationError } from '../errors/api-error.ts'
import { threadCpuMs } from '../limits/client-budget.ts'
import { isSealed } from '../store/packed.ts'
import type { AppendOutcome, Observation } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import {
  type BatchFormat,
  type CheckedItem,
  createItemValidator,
  type ItemIds,
  itemsOf,
  type Refusal,
} from './batch-items.ts'
import type { HeldRoom, Observations, Room } from './commit-queue.ts'
import { HEAVY_BYTES } from './heavy-reader.ts'
import { type IngestDeps, originOf, reusedRequestId } from './ingest.ts'
import { type BareOrigin, contentId, type Origin } from './read-report.ts'
import { bytesUpTo, type ReportBody } from './report-body.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

export interface BatchRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Verifies the token again. Runs before the reports are validated and before they are queued. */
  readonly confirm: () => Promise<void>
  /** The memory of a large body is transferred to another thread, so it is empty afterwards. */
  readonly body: ReportBody
  readonly format: BatchFormat
  readonly ids: ItemIds
}

/**
 * The result of one report: its index, and the status and members of the response it would get if
 * sent alone.
 */
export type ItemResult = { readonly index: number } & (
  | {
      readonly code: 200
      readonly status: 'success'
      readonly replayed?: true
      readonly warnings?: Readonly<Record<string, string>>
    }
  | Refusal
)

export interface BatchResult {
  readonly status: 'success' | 'partial' | 'error'
  readonly message: string
  /** `items` is the sum of the other three. */
  readonly counts: Readonly<Record<'items' | 'stored' | 'replayed' | 'refused', number>>
  readonly results: readonly ItemResult[]
}

export interface KeptBatch {
  /** The id that its items without a key of their own are stored under. */
  readonly request_id: string
  readonly result: BatchResult
}

/** A validated batch, before it is stored. */
interface CheckedBatch {
  readonly checked: readonly CheckedItem[]
  /** The valid observations, in order. */
  readonly observations: Observations
  readonly request_id: string
}

/**
 * Limits of a slice, after which other requests are served. Both are counted, since items can be
 * many or long.
 */
const ITEMS_A_SLICE = 50
const CHARACTERS_A_SLICE = HEAVY_BYTES

/** Bytes. Larger batches are parsed on another thread. */
const LARGE_BATCH_BYTES = 64 * 1024

/**
 * Nothing is stored if it throws.
 *
 * @throws ValidationError for invalid headers; JsonBodyError or ApiError 400 for a body that is not
 *   a batch; ApiError 413 for too many items or values, 429; StoreUnavailable; what `confirm`
 *   throws.
 */
export async function ingestBatch(request: BatchRequest, deps: IngestDeps): Promise<KeptBatch> {
  const { claims, confirm } = request
  // Checked again before storing, since validating a thousand reports takes a while.
  await confirm()
  const received_ms = deps.now()
  // 1. Are the headers valid?
  const headers = checkHeaders(request.headers, received_ms, deps.validation)
  if ('errors' in headers) throw new ValidationError(headers.errors)
  // 2. Is the client within its budget?
  deps.budget.assertWithin(claims.client_id)
  let held = null as HeldRoom | null
  const hold = (room: Room): void => {
    held = deps.queue.hold(room)
  }
  try {
    // 3. Which reports are valid?
    const origin = originOf(claims, headers.request_id, received_ms)
    const { checked, observations, request_id } = await checkAnywhere(request, origin, deps, hold)
    // 4. Store them in one transaction, if the token is still valid.
    await confirm()
    const count = isSealed(observations) ? observations.count : observations.length
    const outcomes = count === 0 || held === null ? [] : await held.commitAll(observations)
    // 5. Return the result of each.
    const kept = outcomes.values()
    const result = summaryOf(checked.map((item, index) => resultOf(item, index, kept)))
    return { request_id, result }
  } finally {
    held?.release()
  }
}

/** @param hold reserves the room before the batch is validated. */
async function checkAnywhere(
  { body, format, ids }: BatchRequest,
  origin: BareOrigin,
  deps: IngestDeps,
  hold: (room: Room) => void,
): Promise<CheckedBatch> {
  const bytes = await bytesUpTo(LARGE_BATCH_BYTES, body)
  const items = bytes && itemsOf(bytes, format)
  // The number of items in a large batch is known only once the other thread has split it.
  const room = items === null ? { items: MAX_BATCH_ITEMS, payload: body.maxBytes } : roomFor(items)
  if (bytes === null || items === null || items.some(({ length }) => length > HEAVY_BYTES)) {
    // Reserved on its turn, so that a waiting batch takes no room.
    return deps.heavy.readBatch(body, { format, ids }, origin, deps.validation, () => hold(room))
  }
  hold(room)
  const request_id = origin.request_id ?? contentId(bytes)
  return checkInSlices(items, room.payload, { ...origin, request_id }, ids, deps)
}

function roomFor(items: readonly string[]): Room {
  return { items: items.length, payload: items.reduce((sum, { length }) => sum + length, 0) }
}

async function checkInSlices(
  items: readonly string[],
  length: number,
  origin: Origin,
  ids: ItemIds,
  deps: IngestDeps,
): Promise<CheckedBatch> {
  const observations: Observation[] = []
  const itemOrigin = ids === 'content' ? { ...origin, request_id: null } : origin
  const keep = (one: Observation) => observations.push(one)
  const checkItem = createItemValidator(itemOrigin, deps.validation, keep)
  const charge = (ms: number): void => deps.budget.charge(origin.client_id, ms)
  const pauses = createPauses(tenantName(origin), length, charge)
  const checked: CheckedItem[] = []
  for (const [index, text] of items.entries()) {
    await pauses.before(text.length)
    checked.push(checkItem(text, index))
  }
  pauses.end()
  return { checked, observations, request_id: origin.request_id }
}

interface Pauses {
  /** Call before each item: pauses when the current slice is full. */
  before(characters: number): Promise<void> | undefined
  end(): void
}

/**
 * @param length characters of all items; if it exceeds a slice, the first slice waits for its turn
 *   too.
 * @param charge called with the CPU milliseconds of each slice.
 */
function createPauses(tenant: string, length: number, charge: (ms: number) => void): Pauses {
  let items = 0
  let characters = length > CHARACTERS_A_SLICE ? CHARACTERS_A_SLICE : 0
  let began = threadCpuMs()
  const end = (): void => charge(threadCpuMs() - began)

  async function pause(): Promise<void> {
    end()
    await nextSlice(tenant)
    began = threadCpuMs()
  }
  return {
    end,
    before(next) {
      items++
      characters += next
      if (items <= ITEMS_A_SLICE && characters <= CHARACTERS_A_SLICE) return undefined
      items = 1
      characters = next
      return pause()
    },
  }
}

function resultOf(item: CheckedItem, index: number, kept: Iterator<AppendOutcome>): ItemResult {
  if ('refused' in item) return { index, ...item.refused }
  const outcome = kept.next().value as AppendOutcome
  if (outcome === 'conflict') {
    const { status: code, message, detail } = reusedRequestId()
    return { index, code, status: 'error', message, detail }
  }
  return {
    index,
    code: 200,
    status: 'success',
    ...(outcome === 'replayed' && { replayed: true }),
    ...(Object.keys(item.warnings).length > 0 && { warnings: item.warnings }),
  }
}

function summaryOf(results: readonly ItemResult[]): BatchResult {
  const counts = { items: results.length, stored: 0, replayed: 0, refused: 0 }
  for (const result of results) {
    if (result.code !== 200) counts.refused++
    else if ('replayed' in result) counts.replayed++
    else counts.stored++
  }
  const kept = counts.items - counts.refused
  return {
    status: kept === counts.items ? 'success' : kept === 0 ? 'error' : 'partial',
    message: `${kept} of ${counts.items} items accepted`,
    counts,
    results,
  }
}
