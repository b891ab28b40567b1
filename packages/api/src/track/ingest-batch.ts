/**
 * A batch of reports: each is judged alone, the good ones are kept together, and each gets the answer it
 * would have got alone.
 *
 * Sent again, nothing doubles: a report is known by its own `idempotency_key`, which counts as the
 * `X-Request-Id` it would have had alone, or by the batch's `X-Request-Id` and its place in the batch.
 */

import { setImmediate } from 'node:timers/promises'
import type { AccessTokenClaims } from '@modulariot/oauth/protocol'
import { isRequestId, JsonBodyError, parseUniqueJson } from '@modulariot/platform/http'
import {
  type AssetTrackingData,
  MAX_SHOWN_FAULTS,
  validateAssetTrackingData,
} from '@modulariot/telemetry'
import { ApiError, ValidationError } from '../api-error.ts'
import type { AppendOutcome, Observation } from '../store/store.ts'
import {
  type IngestDeps,
  MAX_REPORT_BYTES,
  type Origin,
  observationOf,
  reusedRequestId,
} from './ingest.ts'
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

/** Others are served in between: an item is cheap or as long as it likes, so both are counted. */
const ITEMS_A_SLICE = 50
const CHARACTERS_A_SLICE = 64 * 1024

/**
 * @throws ValidationError for the headers, which are the whole batch's; ApiError 429, StoreUnavailable or what
 *   `confirm` throws when none of it was kept.
 */
export async function ingestBatch(request: BatchRequest, deps: IngestDeps): Promise<BatchResult> {
  const { claims, texts, confirm } = request
  // Here and once more before it is kept: judging a thousand reports takes a while.
  await confirm()
  const received_ms = deps.now()
  // 1. Is it a batch as documented?
  const headers = checkHeaders(request.headers, received_ms)
  if ('errors' in headers) throw new ValidationError(headers.errors)
  // 2. Is there room for it?
  const { request_id } = headers
  const payload = texts.reduce((sum, { length }) => sum + length, 0)
  const place = deps.queue.hold({ items: texts.length, payload })
  try {
    // 3. Which of it is as documented?
    const origin = { claims, request_id, received_ms }
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
  { request_id, ...origin }: Omit<Origin, 'item' | 'text'>,
  deps: IngestDeps,
): Promise<{ verdicts: Verdict[]; observations: Observation[] }> {
  const judge = createJudge(deps, origin.received_ms)
  const rest = createRest()
  const verdicts: Verdict[] = []
  const observations: Observation[] = []
  for (const [index, text] of texts.entries()) {
    await rest(text.length)
    const item = judge(text)
    if ('refused' in item) {
      verdicts.push(item)
      continue
    }
    // The value itself is let go: it can be many times as large as its text.
    const { data, key, warnings } = item
    verdicts.push({ warnings })
    const name = key === undefined ? { request_id, item: index } : { request_id: key, item: 0 }
    observations.push(observationOf(data, { ...origin, ...name, text }))
  }
  return { verdicts, observations }
}

/** Called before each item, it lets others be served when enough has been done since it last did. */
function createRest(): (characters: number) => Promise<void> | undefined {
  let items = 0
  let characters = 0
  return (next) => {
    items++
    characters += next
    if (items === 1 || (items <= ITEMS_A_SLICE && characters <= CHARACTERS_A_SLICE))
      return undefined
    items = 1
    characters = next
    return setImmediate()
  }
}

interface Good {
  readonly warnings: Readonly<Record<string, string>>
}

interface Bad {
  readonly refused: ApiError | ValidationError
}

type Verdict = Good | Bad

interface Judged extends Good {
  readonly data: AssetTrackingData
  readonly key: string | undefined
}

/** Remembers how many faults were shown. */
function createJudge({ unknownKeys }: IngestDeps, nowMs: number): (text: string) => Judged | Bad {
  let shown = 0
  return (text) => {
    const body = parseItem(text)
    if (body instanceof ApiError) return { refused: body }
    const maxFaults = Math.min(MAX_SHOWN_FAULTS, Math.max(1, MAX_BATCH_FAULTS - shown))
    const validation = validateAssetTrackingData(body, { nowMs, unknownKeys, maxFaults })
    const key = keyOf(body)
    if (!validation.ok || key.fault !== undefined) {
      const errors = {
        ...(!validation.ok && validation.errors),
        ...(key.fault !== undefined && { idempotency_key: key.fault }),
      }
      shown += Object.keys(errors).length
      return { refused: new ValidationError(errors) }
    }
    shown += Object.keys(validation.warnings).length
    return { data: validation.data, key: key.key, warnings: validation.warnings }
  }
}

function parseItem(text: string): unknown {
  // No character of JavaScript's takes more than three bytes, so hardly a text is counted.
  if (text.length * 3 > MAX_REPORT_BYTES && Buffer.byteLength(text) > MAX_REPORT_BYTES) {
    return new ApiError(
      413,
      'Item too large',
      `A report is larger than ${MAX_REPORT_BYTES / 1024 ** 2} MiB`,
    )
  }
  try {
    return parseUniqueJson(text)
  } catch (error) {
    if (error instanceof JsonBodyError) return new ApiError(400, 'Invalid JSON', error.message)
    throw error
  }
}

function keyOf(body: unknown): { key?: string; fault?: string } {
  if (typeof body !== 'object' || body === null || !('idempotency_key' in body)) return {}
  const { idempotency_key } = body
  return isRequestId(idempotency_key)
    ? { key: idempotency_key }
    : { fault: 'must be a string of 1 to 128 visible ASCII characters, or left out' }
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
