/**
 * A batch of reports: each is judged alone, the good ones are kept together, and each gets the
 * answer it would have got alone.
 *
 * Sent again, nothing doubles: a report is known by its own `idempotency_key`, which counts as the
 * `X-Request-Id` it would have had alone, or by the batch's `X-Request-Id` and its place in the
 * batch.
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
  createJudge,
  itemsOf,
  type Refusal,
  type Verdict,
} from './batch-items.ts'
import type { HeldRoom, Observations, Room } from './commit-queue.ts'
import { HEAVY_BYTES } from './heavy-reader.ts'
import { type IngestDeps, originOf, reusedRequestId } from './ingest.ts'
import type { Origin } from './read-report.ts'
import { bytesUpTo, type ReportBody } from './report-body.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

export interface BatchRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Is the token still good? Runs before the reports are judged and before they are queued. */
  readonly confirm: () => Promise<void>
  /** A large one is moved to another thread, and empty afterwards. */
  readonly body: ReportBody
  readonly format: BatchFormat
}

/**
 * What became of one report: its place, the status it would have had alone, and that answer's
 * members.
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
  /** The first is the sum of the other three. */
  readonly counts: Readonly<Record<'items' | 'stored' | 'replayed' | 'refused', number>>
  readonly results: readonly ItemResult[]
}

/** What became of a batch before the store had a look. */
interface Judged {
  readonly verdicts: readonly Verdict[]
  /** Those that are to be kept, in order. */
  readonly observations: Observations
}

/** Others are served in between: an item is cheap or as long as it likes, so both are counted. */
const ITEMS_A_SLICE = 50
const CHARACTERS_A_SLICE = HEAVY_BYTES

/** Bytes: a larger batch is read on another thread. */
const LARGE_BATCH_BYTES = 64 * 1024

/**
 * @throws ValidationError for the headers, which are the whole batch's; JsonBodyError or ApiError
 *   400 for what is no batch; ApiError 413 for too many items or values, 429; StoreUnavailable, or
 *   what `confirm` throws. None of it was kept then.
 */
export async function ingestBatch(request: BatchRequest, deps: IngestDeps): Promise<BatchResult> {
  const { claims, confirm } = request
  // Here and once more before it is kept: judging a thousand reports takes a while.
  await confirm()
  const received_ms = deps.now()
  // 1. Is it a batch as documented?
  const headers = checkHeaders(request.headers, received_ms)
  if ('errors' in headers) throw new ValidationError(headers.errors)
  // 2. Has the client had its share, and is there room for it?
  deps.budget.assertWithin(claims.client_id)
  let held = null as HeldRoom | null
  const hold = (room: Room): void => {
    held = deps.queue.hold(room)
  }
  try {
    // 3. Which of it is as documented?
    const origin = originOf(claims, headers.request_id, received_ms)
    const { verdicts, observations } = await judgeAnywhere(request, origin, deps, hold)
    // 4. Keep that, all at once, if its sender still may.
    await confirm()
    const count = isSealed(observations) ? observations.count : observations.length
    const outcomes = count === 0 || held === null ? [] : await held.commitAll(observations)
    // 5. Say what became of each.
    const kept = outcomes.values()
    return summaryOf(verdicts.map((item, index) => resultOf(item, index, kept)))
  } finally {
    held?.release()
  }
}

/** @param hold takes the room for it, before it is judged. */
async function judgeAnywhere(
  { body, format }: BatchRequest,
  origin: Origin,
  deps: IngestDeps,
  hold: (room: Room) => void,
): Promise<Judged> {
  const bytes = await bytesUpTo(LARGE_BATCH_BYTES, body)
  const items = bytes && itemsOf(bytes, format)
  // How much there is in a large one is seen by who reads it.
  const room = items === null ? { items: MAX_BATCH_ITEMS, payload: body.maxBytes } : roomFor(items)
  if (items === null || items.some(({ length }) => length > HEAVY_BYTES)) {
    // What waits for its turn takes no room.
    return deps.heavy.readBatch(body, format, origin, deps.unknownKeys, () => hold(room))
  }
  hold(room)
  return judgeInSlices(items, room.payload, origin, deps)
}

function roomFor(items: readonly string[]): Room {
  return { items: items.length, payload: items.reduce((sum, { length }) => sum + length, 0) }
}

async function judgeInSlices(
  items: readonly string[],
  length: number,
  origin: Origin,
  deps: IngestDeps,
): Promise<Judged> {
  const observations: Observation[] = []
  const judge = createJudge(origin, deps.unknownKeys, (one) => observations.push(one))
  const charge = (ms: number): void => deps.budget.charge(origin.client_id, ms)
  const rest = createRest(tenantName(origin), length, charge)
  const verdicts: Verdict[] = []
  for (const [index, text] of items.entries()) {
    await rest.before(text.length)
    verdicts.push(judge(text, index))
  }
  rest.end()
  return { verdicts, observations }
}

interface Rest {
  /** Lets others be served when enough has been done since it last did. */
  before(characters: number): Promise<void> | undefined
  end(): void
}

/**
 * @param length characters of all items: where it is more than a slice, the first waits for its
 *   turn, too.
 * @param charge told what each slice took: milliseconds of processor time.
 */
function createRest(tenant: string, length: number, charge: (ms: number) => void): Rest {
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

function resultOf(item: Verdict, index: number, kept: Iterator<AppendOutcome>): ItemResult {
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
    message: `${kept} of ${counts.items} items kept`,
    counts,
    results,
  }
}
