/** Metrics of the installation as a whole: its version, its disks, its databases, its failures. */

import { statfs } from 'node:fs/promises'
import { countEach, type Metrics, recent, type Sample } from '@modulariot/platform/metrics'
import { commit, version } from '../command/version.ts'
import type { Config } from '../config/parse-config.ts'
import { databaseSize } from '../stores/database-size.ts'

/** Disks and databases are read once a minute at most. @returns a function that stops. */
export function publishInstallation(metrics: Metrics, config: Config): () => Promise<void> {
  publishBuild(metrics)
  publishDisks(metrics, config)
  const size = databaseSize(config.database)
  metrics.gauges({
    name: 'miot_database_size_bytes',
    combine: 'first',
    help: 'Size of a store: its SQLite file and log, or its tables and indexes in PostgreSQL.',
    labels: ['store'],
    read: recent(async () =>
      (await size.read()).map(({ store, bytes }) => ({ labels: { store }, value: bytes })),
    ),
  })
  return () => size.close()
}

export interface Failures {
  /** ModularIoT Auth could not follow or maintain its store. */
  auth(): void
  /** Old telemetry could not be removed. */
  retention(): void
}

export function countFailures(metrics: Metrics): Failures {
  const about = {
    name: 'miot_background_failures_total',
    help: 'Work beside requests that failed and is retried; the log has the reason.',
    labels: ['task'],
  } as const
  const failed = countEach(metrics.counter(about), 'task', ['auth', 'retention'])
  return { auth: () => failed('auth').add(), retention: () => failed('retention').add() }
}

function publishBuild(metrics: Metrics): void {
  const labels = { version: version(), commit: commit() ?? 'unknown', node: process.version }
  metrics.gauges({
    name: 'miot_build_info',
    combine: 'first',
    help: 'Version of ModularIoT, its commit and the Node that runs it; always 1.',
    labels: ['version', 'commit', 'node'],
    read: () => [{ labels, value: 1 }],
  })
}

function publishDisks(metrics: Metrics, { dataDir, database }: Config): void {
  const directories: [string, string][] = [['data', dataDir]]
  if (database.kind === 'sqlite' && database.directory !== dataDir) {
    directories.push(['database', database.directory])
  }
  const read = recent(() =>
    Promise.all(
      directories.map(async ([directory, path]) => ({ directory, ...(await statfs(path)) })),
    ),
  )
  type Disk = Awaited<ReturnType<typeof read>>[number]
  const samples = (value: (disk: Disk) => number) => async (): Promise<Sample<'directory'>[]> =>
    (await read()).map((disk) => ({ labels: { directory: disk.directory }, value: value(disk) }))
  metrics.gauges({
    name: 'miot_disk_available_bytes',
    combine: 'first',
    help: 'Space left for the server on the file system of this directory.',
    labels: ['directory'],
    read: samples(({ bavail, bsize }) => bavail * bsize),
  })
  metrics.gauges({
    name: 'miot_disk_size_bytes',
    combine: 'first',
    help: 'Size of the file system of this directory.',
    labels: ['directory'],
    read: samples(({ blocks, bsize }) => blocks * bsize),
  })
}
