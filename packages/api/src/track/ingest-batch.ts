/**
 * A batch of reports: each is judged alone, the good ones are kept together, and each gets the answer it
 * would have got alone.
 *
 * Sent again, nothing doubles: a report is known by its own `idempotency_key`, which counts as the
 * `X-Request-Id` it would have had alone, or by the batch's `X-Request-Id` and its place in the batch.
 */

import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import type { ValueBudget } from '@modulariot/platform/http'
import { nextSlice } from '@modulariot/platform/slices'
import { MAX_SHOWN_FAULTS } from '@modulariot/telemetry'
import { ApiError, ValidationError } from '../api-error.ts'
import type { AppendOutcome, Observation } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'
import { threadCpuMs } from './client-budget.ts'
import { HEAVY_LENGTH } from './heavy-reader.ts'
import { type IngestDeps, MAX_REPORT_BYTES, originOf, reusedRequestId } from './ingest.ts'
import { type Origin, type ReadReport, readReport } from './read-report.ts'
import { checkHeaders, type SentHeaders } from './request-headers.ts'

export interface BatchRequest {
  readonly claims: AccessTokenClaims
  readonly headers: SentHeaders
  /** Is the token still good? Runs before the reports are judged and before they are queued. */
  readonly confirm: () => Promise<void>
  /** Each report as it was sent. */
  readonly texts: readonly string[]
}

/** What became of one report: its place, the status it would have had alone, and that answer's members. */
export type ItemResult =
  | {
      readonly index: number
      readonly code: 200
      readonly status: 'success'
      readonly replayed?: true
      readonly warnings?: Readonly<Record<string, string>>
    }
  | {
      readonly index: number
      readonly code: 400
      readonly status: 'validation_error'
      readonly message: string
      readonly errors: Readonly<Record<string, string>>
    }
  | {
      readonly index: number
      readonly code: number
      readonly status: 'error'
      readonly message: string
      readonly detail: string
    }

export interface BatchResult {
  readonly status: 'success' | 'partial' | 'error'
  readonly message: string
  /** The first is the sum of the other three. */
  readonly counts: Readonly<Record<'items' | 'stored' | 'replayed' | 'refused', number>>
  readonly results: readonly ItemResult[]
}

/** Faults shown in one answer, over all items; every item shows at least one. */
const MAX_BATCH_FAULTS = 2000

/** Values (`MAX_JSON_VALUES`) in all items together: a hundred in each of a thousand. */
export const MAX_BATCH_VALUES = 100_000

/** Others are served in between: an item is cheap or as long as it likes, so both are counted. */
const ITEMS_A_SLICE = 50
const CHARACTERS_A_SLICE = HEAVY_LENGTH

/**
 * @throws ValidationError for the headers, which are the whole batch's; ApiError 413 for too many values or 429,
 *   StoreUnavailable, or what `confirm` throws; none of it was kept then.
 */
export async function ingestBatch(request: BatchRequest, deps: IngestDeps): Promise<BatchResult> {
  const { claims, texts, confirm } = request
  // Here and once more before it is kept: judging a thousand reports takes a while.
  await confirm()
  const received_ms = deps.now()
  // 1. Is it a batch as documented?
  const headers = checkHeaders(request.headers, received_ms)
  if ('errors' in headers) throw new ValidationError(headers.errors)
  // 2. Is there room for it, and has the client had its share?
  deps.budget.assertWithin(claims.client_id)
  const { request_id } = headers
  const payload = texts.reduce((sum, { length }) => sum + length, 0)
  const place = deps.queue.hold({ items: texts.length, payload })
  try {
    // 3. Which of it is as documented?
    const origin = originOf(claims, request_id, received_ms)
    const { verdicts, observations } = await judgeAll(texts, origin, deps)
    // 4. Keep that, all at once, if its sender still may.
    await confirm()
    const outcomes = observations.length === 0 ? [] : await place.commitAll(observations)
    // 5. Say what became of each.
    const kept = outcomes.values()
    return summaryOf(verdicts.map((item, index) => resultOf(item, index, kept)))
  } finally {
    place.release()
  }
}

async function judgeAll(
  texts: readonly string[],
  origin: Origin,
  deps: IngestDeps,
): Promise<{ verdicts: Verdict[]; observations: Observation[] }> {
  const judge = createJudge(deps, origin)
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  const charge = (ms: number): void => deps.budget.charge(origin.client_id, ms)
  const rest = createRest(tenantName(origin), length, charge)
  const verdicts: Verdict[] = []
  const observations: Observation[] = []
  for (const [index, text] of texts.entries()) {
    await rest.before(text.length)
    const judging = judge(text, index)
    const item = judging instanceof Promise ? await judging : judging
    if ('refused' in item) {
      verdicts.push(item)
      continue
    }
    const { observation, warnings } = item
    verdicts.push({ warnings })
    observations.push(observation)
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
 * @param length characters of all items: where it is more than a slice, the first waits for its turn, too.
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
      // A large one is read elsewhere.
      characters = Math.min(next, CHARACTERS_A_SLICE)
      return pause()
    },
  }
}

interface Good {
  readonly warnings: Readonly<Record<string, string>>
}

interface Bad {
  readonly refused: ApiError | ValidationError
}

type Verdict = Good | Bad

type Judged = Extract<ReadReport, { kind: 'good' }> | Bad

/** Remembers how many faults were shown, and how many values built. */
function createJudge(
  { unknownKeys, heavy }: IngestDeps,
  origin: Origin,
): (text: string, item: number) => Judged | Promise<Judged> {
  const budget: ValueBudget = { left: MAX_BATCH_VALUES }
  let shown = 0

  function verdictOn(read: ReadReport): Judged {
    if (budget.left < 0) throw tooManyValues()
    if (read.kind === 'unreadable') {
      return { refused: new ApiError(400, 'Invalid JSON', read.message) }
    }
    shown += Object.keys(read.kind === 'good' ? read.warnings : read.errors).length
    return read.kind === 'good' ? read : { refused: new ValidationError(read.errors) }
  }

  return (text, item) => {
    if (isTooLarge(text)) return { refused: itemTooLarge() }
    const maxFaults = Math.min(MAX_SHOWN_FAULTS, Math.max(1, MAX_BATCH_FAULTS - shown))
    const options = { unknownKeys, maxFaults, ownKey: true }
    const one = { ...origin, item }
    if (text.length <= HEAVY_LENGTH) return verdictOn(readReport(text, one, options, budget))
    return heavy.read(text, one, options, budget).then(verdictOn)
  }
}

/** No character of JavaScript's takes more than three bytes, so hardly a text is counted. */
function isTooLarge(text: string): boolean {
  return text.length * 3 > MAX_REPORT_BYTES && Buffer.byteLength(text) > MAX_REPORT_BYTES
}

function itemTooLarge(): ApiError {
  return new ApiError(
    413,
    'Item too large',
    `A report is larger than ${MAX_REPORT_BYTES / 1024 ** 2} MiB`,
  )
}

function tooManyValues(): ApiError {
  return new ApiError(
    413,
    'Too many values',
    `The batch holds more than ${MAX_BATCH_VALUES} values; send its reports in several`,
  )
}

function resultOf(item: Verdict, index: number, kept: Iterator<AppendOutcome>): ItemResult {
  if ('refused' in item) return refusal(item.refused, index)
  const outcome = kept.next().value as AppendOutcome
  if (outcome === 'conflict') return refusal(reusedRequestId(), index)
  return {
    index,
    code: 200,
    status: 'success',
    ...(outcome === 'replayed' && { replayed: true }),
    ...(Object.keys(item.warnings).length > 0 && { warnings: item.warnings }),
  }
}

function refusal(error: ApiError | ValidationError, index: number): ItemResult {
  const { message } = error
  return error instanceof ValidationError
    ? { index, code: 400, status: 'validation_error', message, errors: error.errors }
    : { index, code: error.status, status: 'error', message, detail: error.detail }
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
