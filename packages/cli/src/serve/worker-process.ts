/** One worker, seen from the supervisor: a process, its link, and what it said. */

import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type Channel, createLink, type Link } from '@modulariot/platform/peers'
import { CliError } from '../errors/cli-error.ts'
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
 * A connection of which nothing was heard for as long is given up, so that a worker which had no
 * descriptor for it gets others. One that hangs may still answer it.
 */
const TAKEN_WITHIN_MS = 5000

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
  #late: NodeJS.Timeout | undefined
  #hasEnded = false
  #onTaken: ((taken: boolean) => void) | null = null

  constructor(order: StartOrder, events: WorkerEvents) {
    this.index = order.index
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

  get pid(): number | undefined {
    return this.#child.pid
  }

  #follow(events: WorkerEvents): Promise<Started> {
    const started = new Promise<Started>((resolve, reject) => {
      this.#control.onMessage((heard) => {
        const message = heard as FromWorker
        if (message.kind === 'ready') resolve(message.started)
        else if (message.kind === 'failed') {
          const { code, lines, errors } = message.fault
          reject(new CliError(code, lines, errors))
        } else if (message.kind === 'connections') {
          this.#heard = message
          if (message.taken === this.#handed) this.#taken(true)
        } else events.metrics(this, message.id, message.values)
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
    this.#late = setTimeout(() => this.#taken(true), TAKEN_WITHIN_MS)
  }

  /** What was handed over last has arrived, or will not. */
  #taken(taken: boolean): void {
    clearTimeout(this.#late)
    const done = this.#onTaken
    this.#onTaken = null
    done?.(taken)
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
