/**
 * A worker: one of the equal processes of a server. The supervisor tells it what to do, hands it
 * connections, and is its only reason to run: without it, it ends in order.
 */

import { Socket } from 'node:net'
import { beginDrain, serveHanded } from '@modulariot/platform/http'
import type { PublishedMetrics } from '@modulariot/platform/metrics'
import { type Channel, createLink, type Link, linkedPeers } from '@modulariot/platform/peers'
import { toCliError } from '../errors/to-cli-error.ts'
import { letHeapGrow } from './heap-growth.ts'
import type { HttpServer, Place } from './place.ts'
import { type Running, startServers } from './start-servers.ts'
import {
  CONTROL,
  type ConnectionNumber,
  type Departure,
  type FromWorker,
  LINK_DESCRIPTOR,
  type StartOrder,
  type ToWorker,
} from './worker-messages.ts'

/** After this time the process exits, whatever is still open. */
const SHUTDOWN_LIMIT_MS = 28_000

/** How often the supervisor hears of connections that were closed. */
const REPORT_AFTER_MS = 50

export async function runWorker(): Promise<void> {
  // A terminal sends them to all processes, and so does systemd: the supervisor decides.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})
  const link = createLink(new Socket({ fd: LINK_DESCRIPTOR, readable: true, writable: true }))
  const control = link.channel(CONTROL)
  const say = (message: FromWorker): void => control.send(message)
  const worker = new Worker(link, say)
  control.onMessage((message) => void worker.hear(message as ToWorker))
  control.onClose(() => void worker.abandoned())
}

class Worker {
  readonly #link: Link
  readonly #say: (message: FromWorker) => void
  #running: Running | null = null
  #http: HttpServer | null = null
  #metrics: PublishedMetrics | null = null
  #dropped = 0
  #workers = { ready: 0, wanted: 0 }
  #departure: Departure | null = null
  #isEnding = false

  constructor(link: Link, say: (message: FromWorker) => void) {
    this.#link = link
    this.#say = say
  }

  async hear(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'start':
        return this.#start(message.order)
      case 'workers':
        this.#workers = { ready: message.ready, wanted: message.wanted }
        return
      case 'drain':
        // Perhaps it starts.
        this.#departure = message.departure
        if (this.#http !== null) beginDrain(this.#http, message.departure)
        return
      case 'stop':
        return this.#end()
      case 'read_metrics':
        return this.#sendMetrics(message.id)
      case 'beat':
        return this.#say(message)
    }
  }

  /** The supervisor has ended without a word. */
  async abandoned(): Promise<void> {
    await this.#end()
  }

  async #start(order: StartOrder): Promise<void> {
    letHeapGrow('start')
    try {
      this.#running = await startServers(order.config, this.#place(order))
      letHeapGrow('serving')
      const { quickstart, isEmpty, setupCode, caFile } = this.#running
      this.#say({ kind: 'ready', started: { quickstart, isEmpty, setupCode, caFile } })
    } catch (error) {
      const { code, message, errors } = toCliError(error)
      this.#say({ kind: 'failed', fault: { code, lines: message.split('\n'), errors } })
      this.#leave(1)
    }
  }

  #place({ index, count, isFirst }: StartOrder): Place {
    const link = this.#link
    const peers = linkedPeers(link, { index, count, onDropped: () => this.#dropped++ })
    return {
      peers,
      channelToSupervisor: (name): Channel => link.channel(name),
      maintains: index === 0,
      createsFirstClient: isFirst,
      applications: [
        {
          name: 'workers',
          mount: async () => {},
          ready: async () => (this.#workers.ready < this.#workers.wanted ? 'degraded' : undefined),
          details: () => ({ workers: this.#workers }),
        },
      ],
      open: async (http, metrics) => {
        this.#http = http
        this.#metrics = metrics
        if (this.#departure !== null) beginDrain(http, this.#departure)
        metrics?.total({
          name: 'miot_worker_messages_dropped_total',
          help: 'Messages between workers that were dropped, since one did not read them.',
          read: () => this.#dropped,
        })
        const serve = await serveHanded(http)
        // What it counts must not start from zero.
        await peers.inherited()
        takeConnections(serve, this.#say)
        return { stopMetrics: async () => {} }
      },
      // Later, reading them would open a connection to the database again.
      served: () => this.#sendMetrics(null),
    }
  }

  async #sendMetrics(id: number | null): Promise<void> {
    if (this.#metrics === null) return
    this.#say({ kind: 'metrics', id, values: await this.#metrics.values() })
  }

  async #end(): Promise<void> {
    if (this.#isEnding) return
    this.#isEnding = true
    // It is starting.
    if (this.#running === null) process.exit(0)
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
    await this.#running.stop(0)
    this.#say({ kind: 'stopped' })
    this.#leave(0)
  }

  /** Without the link and Node's channel, nothing keeps the process. */
  #leave(status: number): void {
    process.exitCode = status
    this.#link.close()
    if (process.connected) process.disconnect?.()
  }
}

/**
 * Says of each connection in the same turn that it was taken: nothing has been read of it yet, so
 * the supervisor can give one of which it does not hear to another worker.
 */
function takeConnections(
  serve: (socket: Socket) => void,
  say: (message: FromWorker) => void,
): void {
  let taken: ConnectionNumber = 0
  let open = 0
  let isReporting = false
  const report = (): void => say({ kind: 'connections', taken, open })
  function reportSoon(): void {
    if (isReporting) return
    isReporting = true
    setTimeout(() => {
      isReporting = false
      report()
    }, REPORT_AFTER_MS).unref()
  }
  process.on('message', (message, socket) => {
    if (typeof message !== 'number') return
    taken = message
    // Otherwise it has been closed on the way.
    if (socket instanceof Socket) {
      open++
      socket.once('close', () => {
        open--
        reportSoon()
      })
      serve(socket)
    }
    report()
  })
}
