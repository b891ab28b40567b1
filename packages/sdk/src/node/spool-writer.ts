/**
 * Appends reports to a spool: one write, and with `fsync: 'always'` one fsync, for all reports that
 * wait at that moment.
 */

import { type FileHandle, open } from 'node:fs/promises'
import { segmentPath, syncDirectory } from './spool-files.ts'

/**
 * When a kept report is on the disk itself, and not only in the operating system's memory.
 *
 * `always`: before `append` resolves; survives a power cut. `interval`: within `fsyncIntervalMs`.
 * `never`: whenever the operating system writes it. All three survive the end of the process, even
 * `kill -9`.
 */
export type FsyncPolicy = 'always' | 'interval' | 'never'

export interface SpoolWriterOptions {
  readonly directory: string
  /** Number of the first segment this writer creates. */
  readonly firstSegment: number
  readonly segmentBytes: number
  readonly fsync: FsyncPolicy
  readonly fsyncIntervalMs: number
  /** Called with the lines that are now kept: their segment and lengths, in order. */
  readonly onKept: (segment: number, lineBytes: readonly number[]) => void
}

interface Waiting {
  readonly line: Buffer
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class SpoolWriter {
  readonly #options: SpoolWriterOptions
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #active: { readonly handle: FileHandle; readonly segment: number; bytes: number } | null = null
  #nextSegment: number
  #syncTimer: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: SpoolWriterOptions) {
    this.#options = options
    this.#nextSegment = options.firstSegment
  }

  /** The segment still being written; null between segments. */
  get activeSegment(): number | null {
    return this.#active?.segment ?? null
  }

  write(line: Buffer): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('The spool is closed'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Waiting lines are still written. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#endSegment()
  }

  async #writeAll(): Promise<void> {
    // Appends made in the same turn of the event loop share the first write.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#writeGroup(group.map(({ line }) => line))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    // In the same turn as the last check: a later append starts another round.
    this.#writing = null
  }

  /** As many lines as fit a segment, and at least one. */
  #takeGroup(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { line } of this.#waiting) {
      bytes += line.length
      if (count > 0 && bytes > this.#options.segmentBytes) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  async #writeGroup(lines: readonly Buffer[]): Promise<void> {
    if (this.#active !== null && this.#active.bytes >= this.#options.segmentBytes) {
      await this.#endSegment()
    }
    this.#active ??= await this.#beginSegment()
    const active = this.#active
    const text = Buffer.concat(lines)
    try {
      await active.handle.appendFile(text)
      if (this.#options.fsync === 'always') await active.handle.datasync()
    } catch (error) {
      await this.#abandon(active)
      throw error
    }
    active.bytes += text.length
    this.#options.onKept(
      active.segment,
      lines.map((line) => line.length),
    )
    if (this.#options.fsync === 'interval') this.#syncSoon()
  }

  async #beginSegment() {
    const { directory, fsync } = this.#options
    const segment = this.#nextSegment
    this.#nextSegment += 1
    const handle = await open(segmentPath(directory, segment), 'ax', 0o600)
    if (fsync === 'always') await syncDirectory(directory)
    return { handle, segment, bytes: 0 }
  }

  /**
   * After a failed write the file's content is unknown: truncates what was rejected, and continues
   * in another file. If even that fails, a reader drops the torn line.
   */
  async #abandon(active: { readonly handle: FileHandle; readonly bytes: number }): Promise<void> {
    this.#active = null
    await active.handle.truncate(active.bytes).catch(() => {})
    await active.handle.close().catch(() => {})
  }

  async #endSegment(): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer)
    this.#syncTimer = null
    const active = this.#active
    this.#active = null
    if (active === null) return
    if (this.#options.fsync === 'interval') await active.handle.datasync().catch(() => {})
    await active.handle.close()
  }

  #syncSoon(): void {
    if (this.#syncTimer !== null) return
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null
      this.#active?.handle.datasync().catch(() => {})
    }, this.#options.fsyncIntervalMs)
    this.#syncTimer.unref()
  }
}
