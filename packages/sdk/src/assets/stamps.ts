/**
 * The times of reports, when the device's clock is wrong or not known to be right.
 *
 * The server refuses times more than an hour in the future. Such a refusal concerns the clock, not
 * the reading, so the report gets another time and is sent again: it was never stored, so its text
 * may change.
 */

import { type AssetTrackingData, parseTimestamp } from '@modulariot/telemetry'
import type { Report } from './report.ts'

/** A report whose time the SDK supplies when it is left out. */
export type Reading = Omit<AssetTrackingData, 'timestamp'> & {
  /** ISO 8601 with a zone. Default: the server's time, as far as it is known. */
  readonly timestamp?: string
}

/** What the server, and the SDK with its rules, says of a time in the future. */
const FUTURE = /^INVALID_TIMESTAMP: .* in the future/

/** @param errors of a validation, by path. */
export function onlyFromFuture(errors: Readonly<Record<string, string>>): boolean {
  const faults = Object.entries(errors).filter(([path]) => path !== 'X-Request-Timestamp')
  return faults.length > 0 && faults.every(([, fault]) => FUTURE.test(fault))
}

export interface TrueTime {
  /** Unix milliseconds. */
  readonly nowMs: number
  /** How far the device's clock is ahead of the server's; 0 when it is not. */
  readonly aheadMs: number
}

/**
 * The report with each future time moved back: all of them by what the device's clock is ahead, or,
 * when that does not reach, so far that the latest is now. Times in the past stay, and so do the
 * distances between those that are moved.
 *
 * @param body JSON text of a report.
 * @param withinAhead leaves alone what the device's clock does not explain.
 * @returns null when nothing was moved.
 */
export function movedFromFuture(
  body: string,
  { nowMs, aheadMs }: TrueTime,
  withinAhead = false,
): string | null {
  const data: unknown = JSON.parse(body)
  const future = placesOf(data).filter(({ atMs }) => atMs > nowMs)
  const latest = Math.max(...future.map(({ atMs }) => atMs))
  if (future.length === 0) return null
  if (withinAhead && latest - nowMs > aheadMs + CLOCK_RESOLUTION_MS) return null
  const byMs = Math.max(aheadMs, latest - nowMs)
  for (const { holder, field, atMs } of future) {
    holder[field] = new Date(atMs - byMs).toISOString()
  }
  return JSON.stringify(data)
}

/** The `Date` of an answer has whole seconds. */
const CLOCK_RESOLUTION_MS = 2_000

interface Place {
  readonly holder: Record<string, unknown>
  readonly field: string
  readonly atMs: number
}

/** Every valid time of a report. */
function placesOf(data: unknown): Place[] {
  const report = recordOf(data)
  const metrics = recordOf(report.metrics)
  return [
    ...placeIn(report, 'timestamp'),
    ...placeIn(metrics, 'device_ts'),
    ...recordsOf(metrics.items).flatMap((item) => placeIn(item, 'ts')),
    ...recordsOf(report.events).flatMap((event) => placeIn(event, 'timestamp')),
  ]
}

function placeIn(holder: Record<string, unknown>, field: string): Place[] {
  const text = holder[field]
  const atMs = typeof text === 'string' ? parseTimestamp(text) : null
  return atMs === null ? [] : [{ holder, field, atMs }]
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const recordsOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map(recordOf) : []

/** The clocks that reports are stamped with. */
export interface StampClock {
  /** Milliseconds that only increase. */
  monotonicMs(): number
  /** The server's time, or the device's while `isKnown` is false. */
  trueTime(): TrueTime & { readonly isKnown: boolean }
  /** Asks for the time if that takes no request of its own but the token's. */
  learn(): Promise<void>
}

/** Beyond it, the reports that were stamped first keep the device's time. */
const MAX_GUESSED = 10_000

/** The text as well: reports of several assets may have the same request id. */
const nameOf = ({ request_id, body }: Report): string => `${request_id} ${body}`

/** The corrected texts of one buffer's reports, until they are settled. */
export class Stamps {
  readonly #clock: StampClock
  readonly #onMoved: (report: Report, sent: Report) => void
  /** Stamped by the SDK before the time was known, by name: when, by the monotonic clock. */
  readonly #guessed = new Map<string, number>()
  /** By the report's name. A retry must send the same text. */
  readonly #corrected = new Map<string, string>()

  constructor(clock: StampClock, onMoved: (report: Report, sent: Report) => void = () => {}) {
    this.#clock = clock
    this.#onMoved = onMoved
  }

  /** Call for a report whose time the SDK supplied. */
  stamped(report: Report): void {
    if (this.#clock.trueTime().isKnown || this.#guessed.size >= MAX_GUESSED) return
    this.#guessed.set(nameOf(report), this.#clock.monotonicMs())
  }

  /** The reports as they are to be sent. */
  async current(reports: readonly Report[]): Promise<readonly Report[]> {
    if (this.#guessed.size === 0 && this.#corrected.size === 0) return reports
    const guessed = reports.filter((report) => this.#guessed.has(nameOf(report)))
    if (guessed.length > 0 && !this.#clock.trueTime().isKnown) await this.#clock.learn()
    if (this.#clock.trueTime().isKnown) for (const report of guessed) this.#correct(report)
    return reports.map((report) => {
      const body = this.#corrected.get(nameOf(report))
      return body === undefined ? report : { ...report, body }
    })
  }

  /**
   * Call when the server refused these reports for times in the future.
   *
   * @returns false when none can be sent again with another time now.
   */
  move(reports: readonly Report[]): boolean {
    const now = this.#clock.trueTime()
    let moved = false
    for (const report of now.isKnown ? reports : []) {
      const name = nameOf(report)
      // Moved already, and refused again: the next attempt begins anew.
      if (this.#corrected.delete(name)) continue
      const body = movedFromFuture(report.body, now)
      if (body === null) continue
      this.#corrected.set(name, body)
      this.#onMoved(report, { ...report, body })
      moved = true
    }
    return moved
  }

  settled(reports: readonly Report[]): void {
    if (this.#guessed.size === 0 && this.#corrected.size === 0) return
    for (const report of reports) {
      this.#guessed.delete(nameOf(report))
      this.#corrected.delete(nameOf(report))
    }
  }

  #correct(report: Report): void {
    const name = nameOf(report)
    const stampedMs = this.#guessed.get(name)
    // The same report twice: corrected already.
    if (stampedMs === undefined) return
    const ageMs = this.#clock.monotonicMs() - stampedMs
    this.#guessed.delete(name)
    const timestamp = new Date(this.#clock.trueTime().nowMs - ageMs).toISOString()
    this.#corrected.set(name, JSON.stringify({ ...JSON.parse(report.body), timestamp }))
  }
}
