/**
 * Old reports in blocks: the columns of up to 512 of them together, compressed. A report of six
 * values takes a tenth of its row.
 *
 * A block has the reports of a tenant after those of the block before, up to its last one,
 * `until_seq`, that were old enough when it was written. Others of them may still be rows, and join
 * it later.
 */

import { ColumnReader, ColumnWriter } from '../chunks/columns.ts'

/** A row of the table `observations`. */
export interface StoredReport {
  readonly seq: number
  readonly asset: number
  readonly timestamp_ms: number
  readonly received_ms: number
  readonly payload: string
}

/** A row of the table `report_blocks`, without its tenant. */
export interface Block {
  readonly until_seq: number
  /** How many it has. */
  readonly reports: number
  /** The range of their device times. */
  readonly min_ms: number
  readonly max_ms: number
  /** Their columns except for the payload, so that an asset is looked for without it. */
  readonly head: Uint8Array
  readonly payloads: Uint8Array
}

/** Reports are moved once they were received this long ago. */
export const OLD_AFTER_MS = 2 * 3_600_000

/** Numbers that share blocks. A report only joins a block of its own range. */
const RANGE = 512

/** Characters of payload that a block has at most, unless it has a single report. */
export const MAX_BLOCK_LENGTH = 256 * 1024

/** A fifth smaller than with the default, for 4 µs a report; higher ones cost much for little. */
const PAYLOAD_LEVEL = 9

export const startOfRange = (seq: number): number => Math.floor(seq / RANGE) * RANGE
export const endOfRange = (seq: number): number => startOfRange(seq) + RANGE

/**
 * The first number whose range is not complete. What is in it stays, since the block would be
 * written anew with every few reports.
 */
export const startOfOpenRange = (last_seq: number): number => startOfRange(last_seq + 1)

/** @param reports in order of their numbers. */
export function blocksOf(reports: readonly StoredReport[]): Block[] {
  const blocks: Block[] = []
  for (let from = 0; from < reports.length; ) {
    let length = 0
    let to = from
    for (; to < reports.length; to++) {
      length += (reports[to] as StoredReport).payload.length
      if (to > from && length > MAX_BLOCK_LENGTH) break
    }
    blocks.push(blockOf(reports.slice(from, to)))
    from = to
  }
  return blocks
}

function blockOf(reports: readonly StoredReport[]): Block {
  const head = new ColumnWriter()
  head.integers(reports.map(({ seq }) => seq))
  head.integers(reports.map(({ asset }) => asset))
  head.integers(reports.map(({ timestamp_ms }) => timestamp_ms))
  head.integers(reports.map(({ received_ms }) => received_ms))
  const payloads = new ColumnWriter()
  payloads.texts(reports.map(({ payload }) => payload))
  const times = reports.map(({ timestamp_ms }) => timestamp_ms)
  return {
    until_seq: reports.at(-1)?.seq ?? 0,
    reports: reports.length,
    min_ms: Math.min(...times),
    max_ms: Math.max(...times),
    head: head.done(),
    payloads: payloads.done(PAYLOAD_LEVEL),
  }
}

/** What identifies the reports of a block. */
export type Head = Pick<Block, 'until_seq' | 'reports' | 'head'>

/** In order of their numbers. */
export function reportsOf({ reports, head, payloads }: Head & Pick<Block, 'payloads'>) {
  const columns = new ColumnReader(head)
  const seqs = columns.integers(reports)
  const assets = columns.integers(reports)
  const times = columns.integers(reports)
  const received = columns.integers(reports)
  const texts = new ColumnReader(payloads).texts(reports)
  return seqs.map(
    (seq, index): StoredReport => ({
      seq,
      asset: assets[index] as number,
      timestamp_ms: times[index] as number,
      received_ms: received[index] as number,
      payload: texts[index] as string,
    }),
  )
}

/** The asset of each report. */
export function assetsOf({ reports, head }: Head): number[] {
  const columns = new ColumnReader(head)
  columns.integers(reports)
  return columns.integers(reports)
}

/** A block with these reports too, or several when they do not fit in one. */
export function merged(block: Block | undefined, reports: readonly StoredReport[]): Block[] {
  if (block === undefined) return blocksOf(reports)
  const all = [...reportsOf(block), ...reports].sort((a, b) => a.seq - b.seq)
  return blocksOf(all)
}

/** The block without these reports; null when it has no others. */
export function without(block: Block, isGone: (report: StoredReport) => boolean): Block | null {
  const left = reportsOf(block).filter((report) => !isGone(report))
  return left.length === 0 ? null : blockOf(left)
}

/** The block without reports of before; null when it has no others. One that is old is not read. */
export function retained(block: Block, before_ms: number): Block | null {
  if (block.max_ms < before_ms) return null
  return without(block, ({ timestamp_ms }) => timestamp_ms < before_ms)
}
