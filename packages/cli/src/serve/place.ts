/** The place of a process among those of one server: what it does beside requests, and where. */

import type { AddressInfo, Server } from 'node:net'
import type { Application, createHttpServer } from '@modulariot/platform/http'
import type { Logger } from '@modulariot/platform/logging'
import type { PublishedMetrics } from '@modulariot/platform/metrics'
import { type Channel, noPeers, type Peers } from '@modulariot/platform/peers'
import type { Config } from '../config/parse-config.ts'
import { assertMatchesSettings } from './handed-socket.ts'
import { explainListenError } from './listen-errors.ts'

export type HttpServer = Awaited<ReturnType<typeof createHttpServer>>

export interface Place {
  /** The equal processes of this server, this one included. */
  readonly peers: Peers
  /** A channel to the process that started this one; null: it is the only one. */
  readonly channelToSupervisor: ((name: string) => Channel) | null
  /**
   * Whether this process does what must be done once for a data directory: checkpoints of the
   * trail, maintenance, metrics of the installation.
   */
  readonly maintains: boolean
  /** Whether an installation without organizations gets a client to log in with. */
  readonly createsFirstClient: boolean
  /** What is served beside both servers. */
  readonly applications: readonly Application[]
  /** Begins to serve. @param metrics null: none. */
  open(
    http: HttpServer,
    metrics: PublishedMetrics | null,
    logger: Logger,
  ): Promise<{ stopMetrics(): Promise<void> }>
  /** Called after the last answer, while everything is still open. */
  served(): Promise<void>
}

/**
 * One process, which listens by itself.
 *
 * @param socket descriptor to listen on; null: listen on the host and port of `config`.
 */
export function alone(config: Config, socket: number | null): Place {
  return {
    peers: noPeers(),
    channelToSupervisor: null,
    maintains: true,
    createsFirstClient: true,
    applications: [],
    async open(http, metrics, logger) {
      const { metricsPort } = config
      const stopMetrics =
        metrics !== null && metricsPort !== null
          ? await (await import('./serve-metrics.ts')).serveMetrics(metrics, metricsPort, logger)
          : async () => {}
      try {
        await listen(http, config, socket)
      } catch (error) {
        await stopMetrics()
        throw explainListenError(error, config, socket)
      }
      return { stopMetrics }
    },
    served: async () => {},
  }
}

/** @param socket descriptor of a socket that must listen where `config` says, or null. */
async function listen(http: HttpServer, config: Config, socket: number | null): Promise<void> {
  if (socket !== null) refuseElsewhere(http.server, config)
  await http.listen({
    host: config.host,
    port: config.port,
    ...(socket !== null && { fd: socket }),
    listenTextResolver: (address) => `listening on ${address.replace(/^https?:\/\//, '')}`,
  })
  if (socket !== null) assertMatchesSettings(http.server.address() as AddressInfo | null, config)
}

/**
 * Stops a socket with the wrong address from accepting connections before the event loop accepts
 * the first one; the start fails a moment later.
 */
function refuseElsewhere(server: Server, config: Config): void {
  server.once('listening', () => {
    try {
      assertMatchesSettings(server.address() as AddressInfo | null, config)
    } catch {
      server.maxConnections = 0
    }
  })
}
