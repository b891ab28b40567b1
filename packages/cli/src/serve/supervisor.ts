/**
 * Several equal processes as one server. This one accepts the connections and hands them to
 * workers, starts and replaces those, and merges their metrics. On SQLite it has the thread that
 * writes telemetry; it opens no other store and answers no request.
 *
 * The kernel could let the workers accept; ADR 58 has the reasons and the figures.
 */

import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { type AddressInfo, BoundSocket, createServer, isIP, type Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { WriterHost } from '@modulariot/api/telemetry-writer'
import { stopListening } from '@modulariot/platform/drain'
import { createLogger, type Logger } from '@modulariot/platform/logging'
import { createMetrics, type PublishedMetrics } from '@modulariot/platform/metrics'
import { createExchange } from '@modulariot/platform/peers'
import { nextFlight } from '@modulariot/platform/single-flight'
import type { Context } from '../command/context.ts'
import type { Config } from '../config/parse-config.ts'
import { CliError } from '../errors/cli-error.ts'
import { type ConfigWithKeys, withKeys } from '../installation/given-keys.ts'
import { openTelemetryWriter, TELEMETRY_CHANNEL } from '../stores/telemetry-writer.ts'
import { followTerminal } from '../terminal/hung-up.ts'
import { terminalLog } from '../terminal/log-lines.ts'
import { printable } from '../terminal/terminal-text.ts'
import { HandOut } from './hand-out.ts'
import { assertMatchesSettings } from './handed-socket.ts'
import { explainListenError } from './listen-errors.ts'
import { MergedMetrics } from './merged-metrics.ts'
import { startMessage } from './start-message.ts'
import type { WorkerProcess } from './worker-process.ts'
import { Workers, type WorkersOptions } from './workers.ts'

/** After this time the process exits, whatever is still open. */
const SHUTDOWN_LIMIT_MS = 30_000

/** For connections that have been accepted to reach a worker at the end. */
const HAND_OUT_LIMIT_MS = 1000

/**
 * Runs until a signal stops it.
 *
 * @param socket descriptor of a socket passed by a supervisor, or null.
 * @param count how many workers.
 */
export async function supervise(
  context: Context,
  config: ConfigWithKeys,
  socket: number | null,
  count: number,
): Promise<void> {
  await using opened = new AsyncDisposableStack()
  const hungUp = Promise.withResolvers<string>()
  const ready = Promise.withResolvers<void>()
  const isHungUp = followTerminal()
  // One that comes while the workers start is for later.
  process.on('SIGHUP', () => {
    if (isHungUp()) hungUp.resolve('SIGHUP')
    else void ready.promise.then(reload)
  })
  const supervisor = await createSupervisor(config, count)
  const { logger, workers, handOut, telemetry } = supervisor
  const reload = reloading(context, config, workers, logger)
  // It ends after the workers, with all that they have sent.
  opened.defer(() => telemetry?.close())
  // 1. Take the ports, so that no worker starts in vain.
  opened.defer(await publishMetrics(supervisor, config, count))
  const { listen, server } = await takePort(config, socket, handOut)
  opened.defer(() => void server.close())
  // 2. Start the workers, then accept.
  const started = await workers.start()
  await listen()
  logger.info({ workers: count }, `listening on ${config.host}:${config.port}`)
  const signalled = new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.on(name, resolve)
  })
  ready.resolve()
  process.stdout.write(printable(startMessage(config, started, Date.now())))
  // 3. Stop all together.
  const signal = await Promise.race([signalled, hungUp.promise])
  setTimeout(() => {
    workers.kill()
    process.exit(1)
  }, SHUTDOWN_LIMIT_MS).unref()
  workers.drain()
  // A terminal has no load balancer that has to notice first.
  await wait(signal === 'SIGTERM' ? config.drainSeconds * 1000 : 0)
  await stopListening(server)
  await Promise.race([handOut.settled(), wait(HAND_OUT_LIMIT_MS, undefined, { ref: false })])
  await workers.stop()
}

/** What other code of this process does for the workers. */
interface Supervisor {
  readonly logger: Logger
  readonly workers: Workers
  readonly handOut: HandOut
  readonly merged: MergedMetrics
  /** Null: on PostgreSQL. */
  readonly telemetry: WriterHost | null
  /** Null: no metrics. */
  readonly metrics: PublishedMetrics | null
  /** Messages between workers that were dropped. */
  dropped(): number
}

async function createSupervisor(config: ConfigWithKeys, count: number): Promise<Supervisor> {
  const logger = createLogger(config.logLevel, terminalLog() ?? undefined)
  const metrics = config.metricsPort === null ? null : await createMetrics()
  const handOut = new HandOut()
  const merged = new MergedMetrics(async () => (await metrics?.values()) ?? [])
  const telemetry = await openTelemetryWriter(config.database)
  let dropped = 0
  const exchange = createExchange(() => dropped++)
  const serving = new Map<WorkerProcess, () => void>()
  const events: WorkersOptions['events'] = {
    created(worker) {
      serving.set(worker, exchange.add(worker.index, worker.link))
      telemetry?.connect(worker.openChannel(TELEMETRY_CHANNEL))
    },
    ready(worker) {
      serving.get(worker)?.()
      merged.add(worker)
      handOut.add(worker)
    },
    leaves: (worker) => handOut.remove(worker),
    ended(worker) {
      serving.delete(worker)
      void handOut.remove(worker)
      merged.remove(worker)
    },
    metrics: (worker, id, values) => merged.heard(worker, id, values),
  }
  const workers = new Workers(config, { count, logger, events })
  return { logger, workers, handOut, merged, telemetry, metrics, dropped: () => dropped }
}

/** Serves the metrics of all workers. @returns a function that stops it. */
async function publishMetrics(
  { logger, workers, handOut, merged, metrics, dropped }: Supervisor,
  { metricsPort }: Config,
  count: number,
): Promise<() => Promise<void>> {
  if (metrics === null || metricsPort === null) return async () => {}
  metrics.gauges({
    name: 'miot_workers',
    help: 'Workers: how many are wanted, and how many serve.',
    labels: ['state'],
    combine: 'first',
    read: () => [
      { labels: { state: 'wanted' }, value: count },
      { labels: { state: 'ready' }, value: workers.ready },
    ],
  })
  metrics.total({
    name: 'miot_worker_restarts_total',
    help: 'Starts of workers in place of ones that ended without being told.',
    read: () => workers.restarts,
  })
  metrics.total({
    name: 'miot_worker_messages_dropped_total',
    help: 'Messages between workers that were dropped, since one did not read them.',
    read: dropped,
  })
  metrics.total({
    name: 'miot_worker_connections_refused_total',
    help: 'Connections that were closed since too many waited for a worker.',
    read: () => handOut.refused,
  })
  const { serveMetrics } = await import('./serve-metrics.ts')
  return serveMetrics({ page: () => merged.page() }, metricsPort, logger)
}

/**
 * Takes the port without accepting on it, unless the socket listens already.
 *
 * @returns `listen`, which begins to accept.
 * @throws CliError when it cannot.
 */
async function takePort(
  config: Config,
  socket: number | null,
  handOut: HandOut,
): Promise<{ readonly server: Server; listen(): Promise<void> }> {
  // As Node's HTTP server: small writes are sent at once.
  const options = { pauseOnConnect: true, noDelay: true }
  const server = createServer(options, (connection) => handOut.give(connection))
  try {
    if (socket !== null) {
      await listening(server, config, () => server.listen({ fd: socket }))
      return { server, listen: async () => {} }
    }
    const host = isIP(config.host) ? config.host : (await lookup(config.host)).address
    const bound = new BoundSocket({ host, port: config.port })
    return { server, listen: () => listening(server, null, () => server.listen(bound)) }
  } catch (error) {
    throw explainListenError(error, config, socket)
  }
}

/** @param expected where the socket must listen; null: it was bound there. */
async function listening(
  server: Server,
  expected: Config | null,
  listen: () => void,
): Promise<void> {
  const begun = once(server, 'listening')
  listen()
  await begun
  if (expected === null) return
  try {
    assertMatchesSettings(server.address() as AddressInfo | null, expected)
  } catch (error) {
    server.close()
    throw error
  }
}

/**
 * What SIGHUP does: reads the settings again, and replaces the workers one by one. The address, the
 * ports, the number of workers and a SQLite database stay.
 */
function reloading(context: Context, before: Config, workers: Workers, logger: Logger): () => void {
  const reload = nextFlight(async () => {
    try {
      logger.info('restarting the workers one by one')
      const config = await withKeys(context.config())
      assertSamePlaces(before, config)
      if (await workers.replaceAll(config)) logger.info('all workers were restarted')
    } catch (error) {
      logger.error({ err: error }, 'not all workers were restarted')
    }
  })
  return () => void reload()
}

const PLACES = [
  ['host', 'MIOT_HOST'],
  ['port', 'MIOT_PORT'],
  ['metricsPort', 'MIOT_METRICS_PORT'],
] as const

/**
 * The supervisor has the ports, and the writer of a SQLite file.
 *
 * @throws CliError when the settings name others.
 */
function assertSamePlaces(before: Config, now: Config): void {
  for (const [place, name] of PLACES) if (before[place] !== now[place]) throw restartNeeded(name)
  if (before.database.kind !== 'sqlite' && now.database.kind !== 'sqlite') return
  if (!isDeepStrictEqual(before.database, now.database)) throw restartNeeded('the database')
}

function restartNeeded(what: string): CliError {
  return new CliError('usage', `${what} has changed: stop the server and start it again`)
}
