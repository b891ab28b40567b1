/**
 * Merges the feed's rows and blocks into one page.
 *
 * Rows are read first and blocks second, so that a report which is moved in between is found twice,
 * instead of not at all.
 */

import { MAX_FEED_LENGTH, payloadLength, takePage } from '../page.ts'
import type { FeedEntry } from '../records.ts'
import type { StoredReport } from './block.ts'

interface Rows {
  readonly rows: readonly FeedEntry[]
  readonly more: boolean
}

export interface FeedPage extends Rows {
  /** The next page starts after this number, if there is more. */
  readonly until: number
}

/**
 * Blocks of a page, since those of an asset that is being erased, or of a cursor from long ago, add
 * no entries. Such a page may be empty, although there is more.
 */
const MAX_BLOCKS = 8

/** A row of the query of the feed. */
export interface FeedRow extends FeedEntry {
  /** Where the next block ends; null when there is none. */
  readonly next_block: number | null
}

export class FeedMerge {
  readonly #limit: number
  readonly #entries = new Map<number, FeedEntry>()
  /** Up to this number all rows have been read, and all blocks. */
  readonly #rowsUntil: number
  #blocksUntil: number
  #blocks = 0
  #count = 0
  #length = 0

  /** @param after the number after which the page starts. */
  constructor(after: number, limit: number, { rows, more }: Rows) {
    this.#limit = limit
    for (const entry of rows) this.#entries.set(entry.cursor, entry)
    this.#rowsUntil = more ? (rows.at(-1)?.cursor ?? after) : Number.POSITIVE_INFINITY
    this.#blocksUntil = after
  }

  get #isFull(): boolean {
    return this.#count > this.#limit || this.#length >= MAX_FEED_LENGTH
  }

  /** The next block is the first that ends after this number; null when no more is needed. */
  get nextAfter(): number | null {
    return this.#isFull || this.#blocks >= MAX_BLOCKS || this.#blocksUntil >= this.#rowsUntil
      ? null
      : this.#blocksUntil
  }

  /** @param nameOf the name of an asset; undefined for one that does not exist. */
  add(
    until_seq: number,
    reports: readonly StoredReport[],
    nameOf: (asset: number) => string | undefined,
  ): void {
    for (const { seq, asset, timestamp_ms, received_ms, payload } of reports) {
      if (seq <= this.#blocksUntil || seq > this.#rowsUntil) continue
      const asset_id = nameOf(asset)
      if (asset_id === undefined) continue
      const entry = { cursor: seq, asset_id, timestamp_ms, received_ms, payload }
      this.#entries.set(seq, entry)
      this.#count++
      this.#length += payloadLength(entry)
      if (this.#isFull) {
        this.#blocksUntil = seq
        return
      }
    }
    this.#blocksUntil = until_seq
    this.#blocks++
  }

  /** There are no more blocks. */
  end(): void {
    this.#blocksUntil = Number.POSITIVE_INFINITY
  }

  page(): FeedPage {
    const until = Math.min(this.#rowsUntil, this.#blocksUntil)
    const entries = [...this.#entries.values()].filter(({ cursor }) => cursor <= until)
    entries.sort((a, b) => a.cursor - b.cursor)
    const { rows, more } = takePage(entries, this.#limit, payloadLength, MAX_FEED_LENGTH)
    if (more || until === Number.POSITIVE_INFINITY) return pageOfRows({ rows, more })
    return { rows, more: true, until }
  }
}

/** A page without blocks. */
export function pageOfRows({ rows, more }: Rows): FeedPage {
  return { rows, more, until: rows.at(-1)?.cursor ?? 0 }
}
