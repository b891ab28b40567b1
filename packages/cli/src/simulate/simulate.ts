/** `miot track simulate`: simulates a small fleet that drives in a city and reports. */

import { TokenError } from '@modulariot/oauth/client'
import type { Context } from '../command/context.ts'
import { onInterrupt } from '../command/interruption.ts'
import { type ApiSession, openApiSession, type SessionOptions } from '../network/api-session.ts'
import { createLatencies } from './latencies.ts'
import { createVehicle, drive, reportOf, type Vehicle } from './vehicle.ts'

export interface SimulateOptions extends SessionOptions {
  readonly assets: number
  /** Reports per second, all assets together. */
  readonly rate: number
  /** Seconds; without it, runs until interrupted. */
  readonly for?: number
}

const MAX_IN_FLIGHT = 128
const TICK_MS = 20
const LIVE_MS = 1000
/** When the output is not a terminal. */
const LIVE_PIPED_MS = 10_000

export async function simulate(context: Context, options: SimulateOptions): Promise<void> {
  // A retry would hide an error and count as a slow answer.
  const { assets } = openApiSession(context, options, { retry: { attempts: 1 } })
  const run = createRun(assets, options)
  const live = createLiveLine(context.output.json)
  const lines = setInterval(() => live.show(run.liveLine()), live.everyMs)
  using _interrupted = onInterrupt(() => run.stop())
  try {
    await run.finished
  } finally {
    clearInterval(lines)
    live.end()
  }
  const summary = run.summary()
  context.output.print(summary, () => describe(summary))
  if (summary.accepted === 0 && run.lastError() !== null) throw run.lastError()
}

interface Summary {
  readonly assets: number
  readonly seconds: number
  readonly sent: number
  readonly accepted: number
  readonly accepted_per_second: number
  readonly errors: number
  /** Reports that were due while too many were in flight. */
  readonly skipped: number
  readonly p50_ms: number
  readonly p99_ms: number
}

function describe(summary: Summary): string {
  const { sent, assets, seconds, accepted, accepted_per_second, errors, skipped } = summary
  const late = skipped === 0 ? '' : `, ${skipped} not sent because answers were too slow`
  return (
    `Sent ${sent} reports of ${assets} assets in ${seconds} s: ${accepted} accepted ` +
    `(${accepted_per_second}/s), ${errors} errors${late}, p50 ${summary.p50_ms} ms, p99 ${summary.p99_ms} ms.`
  )
}

/** Sends at a constant rate until stopped or out of time, then waits for requests in flight. */
function createRun(assets: ApiSession['assets'], options: SimulateOptions) {
  const fleet = createFleet(options.assets)
  const statistics = createStatistics(options.assets)
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>()
  const startedMs = performance.now()
  let inFlight = 0
  let stopped = false
  let lastError: unknown = null

  async function sendOne(): Promise<void> {
    const sentMs = performance.now()
    statistics.countSent()
    inFlight++
    try {
      await assets.track(reportOf(fleet.next(), Date.now()))
      statistics.countAccepted(performance.now() - sentMs)
    } catch (error) {
      statistics.countError()
      lastError = error
      if (isHopeless(error)) fail(error)
    }
    inFlight--
    if (stopped && inFlight === 0) resolve()
  }
  function tick(): void {
    const seconds = (performance.now() - startedMs) / 1000
    if (options.for !== undefined && seconds >= options.for) {
      stop()
      return
    }
    let due = Math.floor(seconds * options.rate) - statistics.due()
    for (; due > 0 && inFlight < MAX_IN_FLIGHT; due--) void sendOne()
    statistics.countSkipped(due)
  }
  const ticks = setInterval(tick, TICK_MS)
  function stop(): void {
    clearInterval(ticks)
    stopped = true
    statistics.end()
    if (inFlight === 0) resolve()
  }
  function fail(error: unknown): void {
    clearInterval(ticks)
    reject(error)
  }
  const { liveLine, summary } = statistics
  return { finished, stop, liveLine, summary, lastError: () => lastError }
}

/** Counts of a run and the latencies of accepted reports. */
function createStatistics(assets: number) {
  const latencies = createLatencies()
  const count = { sent: 0, accepted: 0, errors: 0, skipped: 0 }
  const startedMs = performance.now()
  let endedMs: number | null = null
  let shown = { accepted: 0, atMs: startedMs }
  const ms = (share: number): number => Number(latencies.quantile(share).toFixed(1))

  return {
    countSent: () => void count.sent++,
    countAccepted(latencyMs: number): void {
      count.accepted++
      latencies.add(latencyMs)
    },
    countError: () => void count.errors++,
    countSkipped(reports: number): void {
      count.skipped += reports
    },
    /** Reports that have been due so far. */
    due: () => count.sent + count.skipped,
    /** Fixes the duration of the run. */
    end(): void {
      endedMs ??= performance.now()
    },
    /** The rate counts from the line before. */
    liveLine(): string {
      const nowMs = performance.now()
      const perSecond = ((count.accepted - shown.accepted) / (nowMs - shown.atMs)) * 1000
      shown = { accepted: count.accepted, atMs: nowMs }
      const { accepted, errors } = count
      return `${Math.round(perSecond)} accepted/s  ${accepted} accepted  ${errors} errors  p50 ${ms(0.5)} ms  p99 ${ms(0.99)} ms`
    },
    summary(): Summary {
      const seconds = ((endedMs ?? performance.now()) - startedMs) / 1000
      return {
        assets,
        seconds: Number(seconds.toFixed(1)),
        sent: count.sent,
        accepted: count.accepted,
        accepted_per_second: Number((count.accepted / Math.max(seconds, 0.001)).toFixed(1)),
        errors: count.errors,
        skipped: count.skipped,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
      }
    },
  }
}

/** Returns vehicles in turn, each moved by the time since its last turn. */
function createFleet(size: number) {
  const fleet = Array.from({ length: size }, (_, index) => createVehicle(index))
  const lastMs = fleet.map(() => performance.now())
  let turn = 0
  return {
    next(): Vehicle {
      const index = turn++ % size
      const vehicle = fleet[index] as Vehicle
      const nowMs = performance.now()
      drive(vehicle, (nowMs - (lastMs[index] as number)) / 1000)
      lastMs[index] = nowMs
      return vehicle
    },
  }
}

/** No token, or one without the right to send: the next report would fail too. */
function isHopeless(error: unknown): boolean {
  return error instanceof TokenError && !error.retryable
}

/** A status line: overwritten on a terminal, left out in JSON mode. */
function createLiveLine(json: boolean) {
  const terminal = process.stdout.isTTY === true
  const show = terminal
    ? (line: string) => process.stdout.write(`\r\u001b[2K${line}`)
    : (line: string) => process.stdout.write(`${line}\n`)
  return {
    everyMs: terminal ? LIVE_MS : LIVE_PIPED_MS,
    show: (line: string) => {
      if (!json) show(line)
    },
    end: () => {
      if (terminal && !json) process.stdout.write('\r\u001b[2K')
    },
  }
}
