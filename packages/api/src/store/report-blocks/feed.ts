/**
 * Merges the feed's rows and blocks into one page.
 *
 * Rows are read first and blocks second, so that a report which is moved in between is found twice,
 * instead of not at all.
 */

import { MAX_FEED_LENGTH, payloadLength, takePage } from '../page.ts'
import type { FeedEntry } from '../records.ts'
import type { StoredReport } from './block.ts'

export interface FeedPage {
  readonly rows: readonly FeedEntry[]
  readonly more: boolean
}

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
  #count = 0
  #length = 0

  /** @param after the number after which the page starts. */
  constructor(after: number, limit: number, { rows, more }: FeedPage) {
    this.#limit = limit
    for (const entry of rows) this.#entries.set(entry.cursor, entry)
    this.#rowsUntil = more ? (rows.at(-1)?.cursor ?? after) : Number.POSITIVE_INFINITY
    this.#blocksUntil = after
  }

  /** The next block is the first that ends after this number; null when no more is needed. */
  get nextAfter(): number | null {
    const isFull = this.#count > this.#limit || this.#length >= MAX_FEED_LENGTH
    return isFull || this.#blocksUntil >= this.#rowsUntil ? null : this.#blocksUntil
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
    }
    this.#blocksUntil = until_seq
  }

  /** There are no more blocks. */
  end(): void {
    this.#blocksUntil = Number.POSITIVE_INFINITY
  }

  page(): FeedPage {
    const until = Math.min(this.#rowsUntil, this.#blocksUntil)
    const entries = [...this.#entries.values()].filter(({ cursor }) => cursor <= until)
    entries.sort((a, b) => a.cursor - b.cursor)
    const page = takePage(entries, this.#limit, payloadLength, MAX_FEED_LENGTH)
    return { rows: page.rows, more: page.more || until < Number.POSITIVE_INFINITY }
  }
}
