/**
 * One pass over the rows of a file, batch by batch: a dry run, or the import. No page, no network.
 *
 * A secret is in one answer alone. So a stop waits for the batch in progress, and rows whose answer
 * broke off are not taken for rows that were not created.
 */

import { type ClientRow, CREDENTIALS_HEADER, credentialsLine } from '@modulariot/auth/client-file'
import type { BulkResult } from '../../api/admin.ts'

/** Clients, and characters, of a request. The server takes 20,000 and 16 MiB. */
export const BATCH_ROWS = 500
const BATCH_LENGTH = 1 << 20

export type Status = 'valid' | 'created' | 'exists' | 'refused' | 'unanswered'

/** A row that needs a look. */
export interface Fault {
  readonly line: number
  readonly external_id: string | null
  readonly status: 'refused' | 'unanswered'
  /** Null: its answer broke off, so it may have been created, and its secret is lost. */
  readonly message: string | null
}

export interface Progress {
  readonly state: 'ready' | 'running' | 'stopping' | 'stopped' | 'failed' | 'done'
  readonly done: number
  readonly total: number
  readonly counts: Readonly<Record<Status, number>>
  readonly faults: readonly Fault[]
  /** Why it failed. */
  readonly error: unknown
  /** Credentials received so far. */
  readonly credentials: number
}

/**
 * Sends lines of JSON. Yields a result for each line, in order, as they come; throws when the
 * answer breaks off or the request is refused.
 */
export type Send = (lines: readonly string[]) => AsyncIterable<BulkResult>

export interface Run {
  progress(): Progress
  subscribe(listener: () => void): () => void
  /** Goes on where it stopped. Returns when it stops. */
  start(): Promise<void>
  /** After the batch in progress. */
  stop(): void
  /** Lines of the rows that would be created. */
  valid(): ReadonlySet<number>
  /** CSV with a header; it is nowhere else. */
  credentialsFile(): string
}

export interface RunOptions {
  readonly rows: readonly ClientRow[]
  readonly send: Send
  readonly tokenUrl: string
  /** Whether an error means that the request has changed nothing. */
  readonly isRefusal: (error: unknown) => boolean
  readonly dryRun: boolean
}

/** The answer ended before its last line. */
export class CutShort extends Error {
  override readonly name = 'CutShort'
}

/** The server ended the request for a reason of its own, such as a role that was taken away. */
export class StoppedByServer extends Error {
  override readonly name = 'StoppedByServer'
}

/** The index after the last row of the batch that begins at `start`. */
export function batchEnd(rows: readonly ClientRow[], start: number): number {
  let count = 0
  let length = 0
  for (let index = start; index < rows.length; index++) {
    const row = rows[index] as ClientRow
    if (!('input' in row)) continue
    const size = JSON.stringify(row.input).length
    if (count === BATCH_ROWS || (count > 0 && length + size > BATCH_LENGTH)) return index
    count++
    length += size
  }
  return rows.length
}

type Outcome = BulkResult | 'unanswered'

export function createRun({ rows, send, tokenUrl, isRefusal, dryRun }: RunOptions): Run {
  const listeners = new Set<() => void>()
  const credentials: string[] = []
  const validLines = new Set<number>()
  /** Rows before it have been sent once, without an answer. */
  let uncertainEnd = 0
  let now: Progress = {
    ...{ state: 'ready', done: 0, total: rows.length, faults: [], error: null, credentials: 0 },
    counts: { valid: 0, created: 0, exists: 0, refused: 0, unanswered: 0 },
  }
  const change = (next: Partial<Progress>): void => {
    now = { ...now, ...next }
    for (const listener of listeners) listener()
  }
  const isStopping = (): boolean => now.state === 'stopping'
  async function sendBatch(): Promise<void> {
    const begin = now.done
    const batch = rows.slice(begin, batchEnd(rows, begin))
    const uncertain = uncertainEnd - begin
    const sent = batch.filter((row, index) => isSent(row, index, uncertain))
    const { results, error } = await answerOf(sent, send)
    const outcomes = outcomesOf(batch, results, uncertain)
    for (const [index, outcome] of outcomes.entries()) {
      const { line } = batch[index] as ClientRow
      if (outcome === 'unanswered') continue
      if (outcome.status === 'valid') validLines.add(line)
      if (outcome.status !== 'created') continue
      const { client, client_secret } = outcome
      credentials.push(credentialsLine({ line, client, client_secret, token_url: tokenUrl }))
    }
    change({ ...counted(now, batch, outcomes), credentials: credentials.length })
    if (error === null) return
    const changedNothing = dryRun || error instanceof StoppedByServer || isRefusal(error)
    if (!changedNothing) uncertainEnd = begin + batch.length
    throw error
  }
  return {
    progress: () => now,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async start() {
      if (now.state === 'running' || now.state === 'stopping') return
      change({ state: 'running', error: null })
      try {
        while (!isStopping() && now.done < rows.length) await sendBatch()
        change({ state: now.done === rows.length ? 'done' : 'stopped' })
      } catch (error) {
        change({ state: 'failed', error })
      }
    },
    stop() {
      if (now.state === 'running') change({ state: 'stopping' })
    },
    valid: () => validLines,
    credentialsFile: () => CREDENTIALS_HEADER + credentials.join(''),
  }
}

/**
 * A row without an external id is sent once: a second time it could become a second client.
 *
 * @param uncertain how many rows of the batch have been sent before.
 */
function isSent(row: ClientRow, index: number, uncertain: number): boolean {
  return 'input' in row && (index >= uncertain || row.external_id !== null)
}

/** The results that came, and why there are no more; null when there is one for each row. */
async function answerOf(sent: readonly ClientRow[], send: Send) {
  const results: BulkResult[] = []
  const lines = sent.map((row) => JSON.stringify('input' in row ? row.input : null))
  let error: unknown = null
  try {
    if (lines.length > 0) for await (const result of send(lines)) results.push(result)
  } catch (thrown) {
    error = thrown
  }
  const last = results.at(-1)
  if (last?.status === 'stopped') {
    results.pop()
    error = new StoppedByServer(last.message)
  }
  // Only the end of the answer is missing, or nothing.
  if (results.length === lines.length) return { results, error: null }
  return { results, error: error ?? new CutShort() }
}

/** What became of the rows, up to the first without an answer. */
function outcomesOf(
  batch: readonly ClientRow[],
  results: readonly BulkResult[],
  uncertain: number,
): Outcome[] {
  const outcomes: Outcome[] = []
  const answers = results.values()
  for (const [index, row] of batch.entries()) {
    if ('refused' in row) outcomes.push({ status: 'refused', message: row.refused })
    else if (!isSent(row, index, uncertain)) outcomes.push('unanswered')
    else {
      const answer = answers.next().value
      if (answer === undefined) break
      // It exists since then, and its secret was in the answer that broke off.
      const isLost = index < uncertain && answer.status === 'exists'
      outcomes.push(isLost ? 'unanswered' : answer)
    }
  }
  return outcomes
}

function counted(now: Progress, batch: readonly ClientRow[], outcomes: readonly Outcome[]) {
  const counts = { ...now.counts }
  const faults: Fault[] = []
  for (const [index, outcome] of outcomes.entries()) {
    const { line, external_id } = batch[index] as ClientRow
    const status = outcome === 'unanswered' ? outcome : outcome.status
    if (status === 'stopped') continue
    counts[status]++
    if (status !== 'unanswered' && status !== 'refused') continue
    const message = typeof outcome === 'object' && 'message' in outcome ? outcome.message : null
    faults.push({ line, external_id, status, message })
  }
  const all = faults.length === 0 ? now.faults : [...now.faults, ...faults]
  return { done: now.done + outcomes.length, counts, faults: all }
}
