/**
 * Keeps reports on disk until they are delivered, so that a device keeps its readings when it loses
 * the network or its power, or the process ends.
 *
 * Opening never appends to a file of an earlier run: a torn line at its end stays the last one of
 * its file, and is skipped by its checksum.
 */

import { preparePrivateDirectory } from '@modulariot/oauth/node'
import type { Report } from '../assets/report.ts'
import {
  firstWithin,
  type KeptReport,
  type PeekLimit,
  type ReportQueue,
} from '../buffer/report-queue.ts'
import {
  readPosition,
  readSegment,
  removeSegment,
  segmentsIn,
  writePosition,
} from './spool-files.ts'
import { encodeLine, linesOf } from './spool-line.ts'
import { lockDirectory } from './spool-lock.ts'
import { type FsyncPolicy, SpoolWriter } from './spool-writer.ts'

export interface SpoolOptions {
  /**
   * Created with mode 0700 when it is missing; its files have 0600. One process at a time. The
   * directory and its files must belong to this user, and only this user may write there.
   */
  readonly directory: string
  /** Default: `always`. */
  readonly fsync?: FsyncPolicy
  /** For `fsync: 'interval'`. One second. */
  readonly fsyncIntervalMs?: number
  /** Approximate size of one file, and so of what can remain of delivered reports. 1 MiB. */
  readonly segmentBytes?: number
}

interface Segment {
  readonly number: number
  /**
   * Bytes of all segments before it. A report's `seq` is the position of its line's end among all
   * bytes, so damage does not change it.
   */
  readonly base: number
  /** How much of the file may be read: excludes a write in progress. */
  bytes: number
  /** Valid lines not removed yet, as far as known. */
  items: number
}

export class Spool implements ReportQueue {
  readonly outlivesProcess = true
  /** Damaged lines found so far; they are skipped. */
  #damagedLines: number
  readonly #directory: string
  readonly #unlock: () => void
  readonly #writer: SpoolWriter
  /** Oldest first; those before the head have been removed. */
  readonly #segments: Segment[]
  /** The first byte not yet removed. */
  #head: { segment: number; offset: number; seq: number }
  /** Where the lines returned by `peek` end. */
  readonly #ends = new Map<number, { readonly segment: number; readonly end: number }>()
  #items: number
  #bytes: number
  /** Bytes of all segments ever written, removed ones included: the base of the next. */
  #written: number
  /** Serializes reads and removals. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: Required<SpoolOptions>, found: Found, unlock: () => void) {
    this.#directory = options.directory
    this.#unlock = unlock
    this.#segments = found.segments
    this.#head = { ...found.head, seq: 0 }
    this.#items = found.items
    this.#bytes = found.bytes
    this.#written = found.written
    this.#damagedLines = found.damagedLines
    this.#writer = new SpoolWriter({
      ...options,
      firstSegment: found.nextSegment,
      onKept: (segment, lineBytes) => this.#count(segment, lineBytes),
    })
  }

  /**
   * Opens a spool, with the reports left by an earlier run.
   *
   * @throws NotPrivateError when another user could have planted reports or links; SpoolLockedError
   *   while another process uses the directory; the file system's own errors.
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const settings = {
      fsync: 'always',
      fsyncIntervalMs: 1000,
      segmentBytes: 1 << 20,
      ...options,
    } as const
    preparePrivateDirectory(settings.directory)
    const unlock = await lockDirectory(settings.directory)
    try {
      return new Spool(settings, await readDirectory(settings.directory), unlock)
    } catch (error) {
      unlock()
      throw error
    }
  }

  get items(): number {
    return this.#items
  }

  get bytes(): number {
    return this.#bytes
  }

  get damagedLines(): number {
    return this.#damagedLines
  }

  async append(report: Report): Promise<void> {
    return this.#writer.write(encodeLine(report))
  }

  peek(limit: PeekLimit): Promise<KeptReport[]> {
    return this.#inTurn(() => this.#peek(limit))
  }

  async #peek(limit: PeekLimit): Promise<KeptReport[]> {
    const reports: KeptReport[] = []
    for (const segment of [...this.#segments]) {
      const { number, base, items } = segment
      const lines = linesOf(await this.#read(segment), this.#offsetIn(number))
      let found = 0
      for (const { report, end } of lines) {
        if (report === null) continue
        found += 1
        reports.push({ ...report, seq: base + end })
        this.#ends.set(base + end, { segment: number, end })
        if (reports.length >= limit.maxItems) return firstWithin(reports, limit)
      }
      if (found < items) await this.#lose(segment, items - found)
      const taken = firstWithin(reports, limit)
      if (taken.length < reports.length) return taken
    }
    return reports
  }

  /** Returns a segment as it was when reading began, even if it grows. */
  async #read(segment: Segment): Promise<Buffer> {
    const { bytes } = segment
    return (await readSegment(this.#directory, segment.number)).subarray(0, bytes)
  }

  /** Discounts lines that were valid when counted, and no longer are. */
  async #lose(segment: Segment, lines: number): Promise<void> {
    segment.items -= lines
    this.#items -= lines
    this.#damagedLines += lines
    await this.#forget(this.#takeFinished())
  }

  removeThrough(seq: number): Promise<void> {
    return this.#inTurn(() => this.#remove(seq))
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(action)
    this.#turn = result.catch(() => {})
    return result
  }

  async #remove(seq: number): Promise<void> {
    const place = this.#ends.get(seq)
    if (seq <= this.#head.seq || place === undefined) return
    for (const segment of this.#segments) {
      if (segment.number > place.segment) break
      // Of the last segment, only the lines `peek` returned; earlier segments go completely, since
      // their other lines are damaged.
      const last = segment.number === place.segment
      const gone = last ? this.#givenThrough(seq, segment.number) : segment.items
      segment.items -= gone
      this.#items -= gone
    }
    for (const known of this.#ends.keys()) if (known <= seq) this.#ends.delete(known)
    const before = this.#takeFinished(place.segment)
    this.#bytes -= place.end - this.#offsetIn(place.segment)
    this.#head = { segment: place.segment, offset: place.end, seq }
    await this.#forget([...before, ...this.#takeFinished()])
  }

  #givenThrough(seq: number, segment: number): number {
    let count = 0
    for (const [known, place] of this.#ends) {
      if (known <= seq && place.segment === segment) count += 1
    }
    return count
  }

  /**
   * Removes the oldest segments without valid lines from the list; whatever else they hold is
   * damaged.
   */
  #takeFinished(before = Number.POSITIVE_INFINITY): number[] {
    const gone: number[] = []
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      const { number, base, bytes, items } = first
      if (number >= before || items > 0 || !this.#isEnded(first)) break
      this.#bytes -= bytes - this.#offsetIn(number)
      this.#head = { segment: number + 1, offset: 0, seq: base + bytes }
      gone.push(number)
      this.#segments.shift()
    }
    return gone
  }

  #offsetIn(segment: number): number {
    return segment === this.#head.segment ? this.#head.offset : 0
  }

  #isEnded(segment: Segment): boolean {
    return segment.number !== this.#writer.activeSegment
  }

  /**
   * On a full disk, writing the note may fail; deleting still frees space, and at worst some
   * reports are sent again.
   */
  async #forget(segments: readonly number[]): Promise<void> {
    await writePosition(this.#directory, this.#head).catch(() => {})
    for (const segment of segments) await removeSegment(this.#directory, segment).catch(() => {})
  }

  #count(segment: number, lineBytes: readonly number[]): void {
    let last = this.#segments.at(-1)
    if (last?.number !== segment) {
      last = { number: segment, base: this.#written, bytes: 0, items: 0 }
      this.#segments.push(last)
    }
    last.items += lineBytes.length
    this.#items += lineBytes.length
    for (const bytes of lineBytes) {
      last.bytes += bytes
      this.#bytes += bytes
      this.#written += bytes
    }
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#turn
    this.#unlock()
  }
}

interface Found {
  readonly segments: Segment[]
  readonly head: { readonly segment: number; readonly offset: number }
  readonly items: number
  readonly bytes: number
  readonly written: number
  readonly damagedLines: number
  readonly nextSegment: number
}

/** Reads the directory, one file at a time. */
async function readDirectory(directory: string): Promise<Found> {
  const numbers = await segmentsIn(directory)
  const head = await readPosition(directory)
  const segments: Segment[] = []
  let items = 0
  let bytes = 0
  let written = 0
  let damagedLines = 0
  for (const number of numbers) {
    const file = await readSegment(directory, number)
    const offset = number < head.segment ? file.length : number === head.segment ? head.offset : 0
    const before = items
    for (const { report } of linesOf(file, offset)) {
      if (report === null) damagedLines += 1
      else items += 1
    }
    if (items === before) await removeSegment(directory, number).catch(() => {})
    else {
      segments.push({ number, base: written, bytes: file.length, items: items - before })
      bytes += file.length - offset
      written += file.length
    }
  }
  // Numbers are never reused: a note about an old file would hide reports in the new one.
  const nextSegment = Math.max(head.segment, numbers.at(-1) ?? 0) + 1
  return { segments, head, items, bytes, written, damagedLines, nextSegment }
}
