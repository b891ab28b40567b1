/** A clock that a test controls, timers included. For tests only. */

import type { Clock } from './clock.ts'

interface Timer {
  readonly atMs: number
  readonly callback: () => void
}

/** 2026-01-01. */
const START_MS = 1_767_225_600_000

export class VirtualClock implements Clock {
  #monotonicMs = 1_000
  #wallMs = START_MS
  readonly #timers = new Set<Timer>()

  monotonicMs(): number {
    return this.#monotonicMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Advances both clocks, and fires the timers that are due, in order. */
  advance(ms: number): void {
    this.#wallMs += ms
    this.#monotonicMs += ms
    const due = [...this.#timers].filter(({ atMs }) => atMs <= this.#monotonicMs)
    for (const timer of due.sort((a, b) => a.atMs - b.atMs)) {
      this.#timers.delete(timer)
      timer.callback()
    }
  }

  /** The machine sleeps: only the wall clock advances. */
  sleep(ms: number): void {
    this.#wallMs += ms
  }

  /** Sets the wall clock. */
  setWall(ms: number): void {
    this.#wallMs = ms
  }

  get timers(): number {
    return this.#timers.size
  }
}
