/** One worker, seen from the supervisor: a process, its link, and what it said. */

import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Channel, createLink, type Link } from '@modulariot/platform/peers'
import { CliError } from '../errors/cli-error.ts'
import type { ConfigWithKeys } from '../installation/given-keys.ts'
import type { Receiver } from './hand-out.ts'
import type { MetricsSource } from './merged-metrics.ts'
import {
  CONTROL,
  type ConnectionNumber,
  type Departure,
  type FromWorker,
  LINK_DESCRIPTOR,
  type Started,
  type StartOrder,
  type ToWorker,
} from './worker-messages.ts'

const ENTRY = fileURLToPath(new URL('./worker-main.ts', import.meta.url))

/**
 * A connection that a worker has not taken, though it answers: it had no descriptor for it. The
 * first answer may have overtaken the connection, which goes another way.
 */
const BEATS_TO_TAKE = 2

/** Its end of the link closes with its process. */
const LAST_WORD_WITHIN_MS = 1000

export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly ranMs: number
}

export interface WorkerEvents {
  metrics(worker: WorkerProcess, id: number | null, values: MetricsValues): void
}

type MetricsValues = Extract<FromWorker, { kind: 'metrics' }>['values']

export class WorkerProcess implements Receiver, MetricsSource {
  readonly index: number
  readonly config: ConfigWithKeys
  readonly link: Link
  /** Rejects with the worker's own error, or when it ends before. */
  readonly started: Promise<Started>
  readonly ended: Promise<WorkerEnd>
  readonly #child: ChildProcess
  readonly #control: Channel
  readonly #startedAt = performance.now()
  /** Handed over since the start, and what the worker said of them last. */
  #handed: ConnectionNumber = 0
  #heard = { taken: 0, open: 0 }
  /** The newest beat that was sent, answered, and sent when a connection was handed over last. */
  #beat = 0
  #answered = 0
  #handedAt = 0
  /** Beats without an answer, in a row. */
  #missed = 0
  #hasStarted = false
  #hasEnded = false
  /** It has said that it stopped in order. */
  #hasStopped = false
  #onTaken: ((taken: boolean) => void) | null = null

  constructor(order: StartOrder, events: WorkerEvents) {
    this.index = order.index
    this.config = order.config
    const stdio: ('ignore' | 'inherit' | 'ipc' | 'pipe')[] = ['ignore', 'inherit', 'inherit', 'ipc']
    stdio[LINK_DESCRIPTOR] = 'pipe'
    this.#child = fork(ENTRY, [], { stdio, serialization: 'advanced' })
    this.link = createLink(this.#child.stdio[LINK_DESCRIPTOR] as unknown as Duplex)
    this.#control = this.link.channel(CONTROL)
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        resolve({ code, signal, ranMs: performance.now() - this.#startedAt })
        this.#hasEnded = true
        this.#taken(false)
      }
      this.#child.once('exit', end)
      this.#child.once('error', () => end(null, null))
    })
    this.started = this.#follow(events)
    this.#say({ kind: 'start', order })
  }

  /** It serves; before, it may migrate for as long as that takes. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  #follow(events: WorkerEvents): Promise<Started> {
    const started = new Promise<Started>((resolve, reject) => {
      this.#control.onMessage((heard) => {
        const message = heard as FromWorker
        if (message.kind === 'ready') {
          this.#hasStarted = true
          resolve(message.started)
        } else if (message.kind === 'failed') {
          const { code, lines, errors } = message.fault
          reject(new CliError(code, lines, errors))
        } else if (message.kind === 'connections') {
          this.#heard = message
          if (message.taken === this.#handed) this.#taken(true)
        } else if (message.kind === 'beat') this.#heardBeat(message.beat)
        else if (message.kind === 'stopped') this.#hasStopped = true
        else events.metrics(this, message.id, message.values)
      })
      void this.ended.then(({ code, signal }) => {
        reject(new CliError('failure', `A worker ended before it was ready (${signal ?? code})`))
      })
    })
    // The caller may not wait for it yet when it rejects.
    started.catch(() => {})
    return started
  }

  /** A channel to code of this name in the worker. */
  openChannel(name: string): Channel {
    return this.link.channel(name)
  }

  load(): number {
    return this.#heard.open + this.#handed - this.#heard.taken
  }

  take(socket: Socket, done: (taken: boolean) => void): void {
    this.#onTaken = done
    this.#handed++
    this.#handedAt = this.#beat
    // It has ended, or is about to.
    if (this.#hasEnded || !this.#child.connected) {
      setImmediate(() => this.#taken(false))
      return
    }
    // Node would count the worker's connections for the server that accepted them.
    Object.assign(socket, { server: null })
    // Node closes its copy only when the worker has the connection, and never when the worker ends
    // before: the client would wait for good. So the copy is kept, and closed by `done`.
    this.#child.send(this.#handed, socket, { keepOpen: true }, () => {})
  }

  /** What was handed over last has arrived, or will not. */
  #taken(taken: boolean): void {
    const done = this.#onTaken
    this.#onTaken = null
    done?.(taken)
  }

  /**
   * Asks for a sign that its event loop runs.
   *
   * @returns how many times it was asked in a row without an answer.
   */
  beat(): number {
    this.#missed = this.#answered === this.#beat ? 0 : this.#missed + 1
    // One that hangs has a single beat to read.
    if (this.#missed === 0) this.#say({ kind: 'beat', beat: ++this.#beat })
    return this.#missed
  }

  /** It gets as much time again to answer. */
  forgive(): void {
    this.#missed = 0
  }

  #heardBeat(beat: number): void {
    this.#answered = beat
    if (beat >= this.#handedAt + BEATS_TO_TAKE) this.#taken(true)
  }

  /** Called once it has ended. Whether it had stopped, and a signal only cut its exit short. */
  async hadStopped(): Promise<boolean> {
    // What it said last may arrive after the news of its end.
    const closed = new Promise<void>((resolve) => this.#control.onClose(resolve))
    await Promise.race([closed, wait(LAST_WORD_WITHIN_MS, undefined, { ref: false })])
    return this.#hasStopped
  }

  ask(id: number): void {
    this.#say({ kind: 'read_metrics', id })
  }

  tellWorkers(ready: number, wanted: number): void {
    this.#say({ kind: 'workers', ready, wanted })
  }

  drain(departure: Departure): void {
    this.#say({ kind: 'drain', departure })
  }

  /** It answers what is open, and ends. */
  stop(): void {
    this.#say({ kind: 'stop' })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #say(message: ToWorker): void {
    this.#control.send(message)
  }
}
