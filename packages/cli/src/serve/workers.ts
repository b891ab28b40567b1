/**
 * The workers of one server: starts them, replaces those that end, restarts all one by one, and
 * stops them together.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@modulariot/platform/logging'
import type { ConfigWithKeys } from '../installation/given-keys.ts'
import { RestartDelay } from './restart-delay.ts'
import type { Started } from './worker-messages.ts'
import { type WorkerEvents, WorkerProcess } from './worker-process.ts'

/**
 * Workers are asked this often for a sign that their event loop runs. One that is asked so many
 * times without an answer hangs, and is killed: after 30 to 35 seconds, far above the longest turn
 * of a busy one. Turns of this process are counted, not time: while the machine sleeps, or all
 * processes are stopped together, none is asked.
 */
const BEAT_EVERY_MS = 5000
const MAX_MISSED_BEATS = 6

/** How long a worker that leaves still answers on its connections, at least. */
const MIN_LEAVE_MS = 1000

/** Later than a worker that is told to stop gives up by itself: one that hangs is killed then. */
const END_LIMIT_MS = 30_000

export interface WorkersOptions {
  readonly count: number
  readonly logger: Logger
  readonly events: WorkerEvents & {
    /** A process was created. It has heard nothing yet. */
    created(worker: WorkerProcess): void
    /** It serves. */
    ready(worker: WorkerProcess): void
    /** It gets nothing more; resolves when nothing is on its way to it. */
    leaves(worker: WorkerProcess): Promise<void>
    /** Its process has ended. */
    ended(worker: WorkerProcess): void
  }
}

export class Workers {
  readonly #options: WorkersOptions
  #config: ConfigWithKeys
  /** By index: the process that serves. */
  readonly #serving = new Map<number, WorkerProcess>()
  /** All processes, also those that start or leave. */
  readonly #all = new Set<WorkerProcess>()
  readonly #delays: readonly RestartDelay[]
  /** By index: the last successor that started, or failed to. */
  readonly #successors = new Map<number, Promise<unknown>>()
  readonly #leaving = new WeakSet<WorkerProcess>()
  readonly #stopped = new AbortController()
  readonly #beats = setInterval(() => this.#beatAll(), BEAT_EVERY_MS).unref()
  /** Replacements of workers that ended without being told. */
  restarts = 0

  constructor(config: ConfigWithKeys, options: WorkersOptions) {
    this.#config = config
    this.#options = options
    this.#delays = Array.from({ length: options.count }, () => new RestartDelay())
  }

  get ready(): number {
    return this.#serving.size
  }

  get #isStopping(): boolean {
    return this.#stopped.signal.aborted
  }

  /**
   * Starts the first worker, which migrates and makes what is missing, then the others.
   *
   * @returns what the first one said.
   * @throws CliError when one cannot start. None runs then.
   */
  async start(): Promise<Started> {
    try {
      const started = await this.#begin(0, true)
      const others = Array.from({ length: this.#options.count - 1 }, (_, at) => at + 1)
      await Promise.all(others.map((index) => this.#begin(index, false)))
      return started
    } catch (error) {
      this.#stopped.abort()
      this.kill()
      throw error
    }
  }

  /** Resolves when the worker serves. */
  async #begin(index: number, isFirst: boolean): Promise<Started> {
    const { count, logger, events } = this.#options
    const worker = new WorkerProcess({ config: this.#config, index, count, isFirst }, events)
    this.#all.add(worker)
    events.created(worker)
    void worker.ended.then(() => {
      this.#all.delete(worker)
      events.ended(worker)
    })
    const started = await worker.started
    this.#serving.set(index, worker)
    logger.info({ worker: index, worker_pid: worker.pid }, 'a worker serves')
    events.ready(worker)
    this.#tellAll()
    void this.#watch(worker)
    return started
  }

  /** Replaces the worker when it ends without being told. */
  async #watch(worker: WorkerProcess): Promise<void> {
    const { index, pid } = worker
    const { code, signal, ranMs } = await worker.ended
    if (this.#leaving.has(worker)) return
    if (this.#serving.get(index) === worker) this.#serving.delete(index)
    if (this.#isStopping) return
    this.#tellAll()
    const { logger } = this.#options
    let delayMs = this.#delay(index).after(ranMs)
    logger.error(
      { worker: index, worker_pid: pid, code, signal, delay_ms: delayMs },
      'a worker ended',
    )
    for (;;) {
      if (delayMs > 0) await this.#pause(delayMs)
      const began = performance.now()
      try {
        await this.#succeed(index, () => {
          if (this.#isStopping || this.#serving.has(index)) return false
          this.restarts++
          return true
        })
        return
      } catch (error) {
        if (this.#isStopping) return
        delayMs = this.#delay(index).after(performance.now() - began)
        logger.error({ err: error, worker: index, delay_ms: delayMs }, 'a worker did not start')
      }
    }
  }

  /**
   * Kills a worker that hangs: the longest one first, and no other as long again, since what stops
   * several together, such as the disk, also stops those that replace them.
   */
  #beatAll(): void {
    const begun = [...this.#all].filter((worker) => worker.hasStarted)
    const missed = begun.map((worker) => worker.beat())
    const most = Math.max(0, ...missed)
    if (most < MAX_MISSED_BEATS) return
    const hanging = begun[missed.indexOf(most)] as WorkerProcess
    const { index, pid } = hanging
    this.#options.logger.error({ worker: index, worker_pid: pid }, 'a worker hangs and is killed')
    for (const worker of begun) worker.forgive()
    hanging.kill()
  }

  #delay(index: number): RestartDelay {
    return this.#delays[index] as RestartDelay
  }

  /** Ends early when all stop. */
  async #pause(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#stopped.signal }).catch(() => {})
  }

  #tellAll(): void {
    for (const worker of this.#serving.values()) worker.tellWorkers(this.ready, this.#options.count)
  }

  /**
   * Replaces all workers one by one with those of another configuration: each new one serves before
   * the one it replaces leaves. When a new one does not start, those before it are replaced again,
   * with the configuration of before.
   *
   * @returns false when the server stopped before all were replaced.
   * @throws CliError why one did not start.
   */
  async replaceAll(config: ConfigWithKeys): Promise<boolean> {
    const before = this.#config
    try {
      await this.#useEverywhere(config)
    } catch (error) {
      if (this.#isStopping) return false
      await this.#goBack(before)
      throw error
    }
    return !this.#isStopping
  }

  async #useEverywhere(config: ConfigWithKeys): Promise<void> {
    this.#config = config
    for (let index = 0; index < this.#options.count; index++) {
      if (this.#serving.get(index)?.config !== config) {
        await this.#succeed(index, () => !this.#isStopping)
      }
    }
  }

  async #goBack(before: ConfigWithKeys): Promise<void> {
    const { logger } = this.#options
    const now = this.#config
    try {
      await this.#useEverywhere(before)
      logger.error('no worker has the new settings')
    } catch (error) {
      // They serve with the new settings; those of before may no longer be possible.
      this.#config = now
      logger.error({ err: error }, 'some workers have the new settings, others those of before')
    }
  }

  /**
   * Starts a worker and dismisses those that it succeeds. Successors with one index start one after
   * the other: the first that serves would dismiss another one that starts.
   *
   * @param isNeeded called when no other one starts.
   * @throws CliError when it does not start.
   */
  async #succeed(index: number, isNeeded: () => boolean): Promise<void> {
    const begin = async (): Promise<WorkerProcess[]> => {
      if (!isNeeded()) return []
      await this.#begin(index, false)
      return this.#predecessors(index)
    }
    const begun = (this.#successors.get(index) ?? Promise.resolve()).then(begin)
    this.#successors.set(
      index,
      begun.catch(() => {}),
    )
    const predecessors = await begun
    await Promise.all(predecessors.map((worker) => this.#dismiss(worker)))
  }

  /** All with this index but the one that serves; normally there is one. They leave from now on. */
  #predecessors(index: number): WorkerProcess[] {
    const newest = this.#serving.get(index)
    const predecessors = [...this.#all].filter(
      (worker) => worker.index === index && worker !== newest && !this.#leaving.has(worker),
    )
    for (const worker of predecessors) this.#leaving.add(worker)
    return predecessors
  }

  async #dismiss(worker: WorkerProcess): Promise<void> {
    await this.#options.events.leaves(worker)
    worker.drain('leaving')
    // Clients hear with their next answer that the connection closes.
    await this.#pause(Math.max(MIN_LEAVE_MS, this.#config.drainSeconds * 1000))
    await this.#end(worker)
  }

  async #end(worker: WorkerProcess): Promise<void> {
    worker.stop()
    const late = setTimeout(() => worker.kill(), END_LIMIT_MS)
    const { code, signal } = await worker.ended
    clearTimeout(late)
    if (code === 0) return
    // Ctrl-C goes to all processes of a terminal, also while Node takes itself down.
    if (signal !== null && signal !== 'SIGKILL' && (await worker.hadStopped())) return
    const { index, pid } = worker
    const members = { worker: index, worker_pid: pid, code, signal }
    this.#options.logger.error(members, 'a worker did not end in order')
  }

  /** From now on `/readyz` says everywhere that the server stops. */
  drain(): void {
    this.#stopped.abort()
    for (const worker of this.#all) worker.drain('stopping')
  }

  /** Resolves when all have ended. Nothing may be on its way to them. */
  async stop(): Promise<void> {
    clearInterval(this.#beats)
    await Promise.all([...this.#all].map((worker) => this.#end(worker)))
  }

  kill(): void {
    for (const worker of this.#all) worker.kill()
  }
}
