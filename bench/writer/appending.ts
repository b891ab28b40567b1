/**
 * Processes that store reports through a commit queue each, without HTTP: with a writer of their
 * own, or all with the writer of this process, as the workers of one server.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pipeChannel } from '@modulariot/platform/testing/pipe-channel'
import { answerCallsOf, channelCaller, type Implementation } from '@modulariot/platform/threads'
import { parseAssetTrackingData } from '@modulariot/telemetry'
import { CommitQueue } from '../../packages/api/src/ingest/commit-queue.ts'
import { observationOf } from '../../packages/api/src/ingest/read-report.ts'
import { openSqliteTelemetryStore } from '../../packages/api/src/store/sqlite/sqlite-store.ts'
import {
  hostTelemetryWriter,
  type WriterHost,
} from '../../packages/api/src/store/sqlite/writer-host.ts'
import type { Observation } from '../../packages/api/src/store/store.ts'
import { answerParent } from '../support/child.ts'
import { type Kind, reports } from '../telemetry/reports.ts'

export interface AppendLoad {
  readonly kind: Kind
  readonly processes: number
  /** `own`: each process has its writer. `shared`: all have the one of this process. */
  readonly writer: 'own' | 'shared'
  /** Reports that wait at any moment, in all processes. */
  readonly waiting: number
  /** Reports stored, in all processes. */
  readonly reports: number
}

export interface AppendResult {
  readonly elapsedSeconds: number
  /** CPU time of all processes. */
  readonly cpuSeconds: number
  /** Of each report, sorted. */
  readonly waitedMs: readonly number[]
}

interface Appended {
  readonly cpuMicros: number
  readonly waitedMs: Float64Array
}

type WorkerCalls = {
  /** Opens the store, and stores the first reports; the others are counted. */
  prepare: (load: PreparedLoad) => Promise<void>
  append: () => Promise<Appended>
  close: () => Promise<void>
}

type PreparedLoad = AppendLoad & { readonly path: string; readonly name: string }

const WARM_UP = 2000

if (process.argv[2] === 'worker') {
  answerCallsOf<WorkerCalls>(pipeChannel(process, 'bench'), worker(), String)
} else answerParent(appendAll)

async function appendAll(load: AppendLoad): Promise<AppendResult> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-bench-'))
  const path = join(folder, 'telemetry.db')
  const host = load.writer === 'shared' ? hostTelemetryWriter({ path }) : null
  const children = Array.from({ length: load.processes }, () => startWorker(host))
  const workers = children.map((child) =>
    channelCaller<WorkerCalls>(pipeChannel(child, 'bench'), {
      errorOf: (text: string) => new Error(text),
      lost: (why) => new Error(`a process ${why}`),
    }),
  )
  try {
    // One after the other: the first creates the tables.
    for (const [index, one] of workers.entries()) {
      await one.call('prepare', [{ ...load, path, name: `worker-${index}` }])
    }
    const own = process.cpuUsage()
    const started = performance.now()
    const appended = await Promise.all(workers.map((one) => one.call('append', [])))
    const elapsedSeconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(own)
    const cpu = appended.reduce((sum, { cpuMicros }) => sum + cpuMicros, user + system)
    await Promise.all(workers.map((one) => one.call('close', [])))
    const waited = appended.flatMap(({ waitedMs }) => [...waitedMs])
    return { elapsedSeconds, cpuSeconds: cpu / 1e6, waitedMs: sorted(waited) }
  } finally {
    for (const child of children) child.kill()
    await host?.close()
    rmSync(folder, { recursive: true })
  }
}

function startWorker(host: WriterHost | null): ChildProcess {
  const child = fork(fileURLToPath(import.meta.url), ['worker'], { serialization: 'advanced' })
  host?.connect(pipeChannel(child, 'telemetry'))
  return child
}

function worker(): Implementation<WorkerCalls> {
  let store: ReturnType<typeof openSqliteTelemetryStore>
  let queue: CommitQueue
  let rest: Observation[]
  let waiting: number
  return {
    async prepare({ path, name, kind, writer, processes, ...load }) {
      const channel = writer === 'shared' ? { writer: pipeChannel(process, 'telemetry') } : {}
      store = openSqliteTelemetryStore(path, channel)
      queue = new CommitQueue(store)
      rest = observations(kind, WARM_UP + load.reports / processes, name)
      waiting = load.waiting / processes
      await appendEach(queue, rest.splice(0, WARM_UP), waiting)
    },
    async append() {
      const cpu = process.cpuUsage()
      const waitedMs = await appendEach(queue, rest, waiting)
      const { user, system } = process.cpuUsage(cpu)
      return { cpuMicros: user + system, waitedMs }
    },
    close: () => store.close(),
  }
}

/** @returns milliseconds until each was stored. */
async function appendEach(
  queue: CommitQueue,
  batch: readonly Observation[],
  waiting: number,
): Promise<Float64Array> {
  const waitedMs = new Float64Array(batch.length)
  let next = 0
  async function appendNext(): Promise<void> {
    for (let at = next++; at < batch.length; at = next++) {
      const sent = performance.now()
      await queue.commit(batch[at] as Observation)
      waitedMs[at] = performance.now() - sent
    }
  }
  await Promise.all(Array.from({ length: waiting }, appendNext))
  return waitedMs
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

/** Of assets that only this process has. */
function observations(kind: Kind, count: number, name: string): Observation[] {
  const sender = {
    org_id: 'org_0123456789abcdefghijkl',
    environment: 'development',
    client_id: 'client_0123456789abcdefghijkl',
  } as const
  return reports(kind, count).map((report, index) => {
    const received_ms = Date.now()
    const parsed = parseAssetTrackingData(
      { ...report, asset_id: `${report.asset_id}-${name}` },
      { nowMs: received_ms },
    )
    if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors))
    const origin = { ...sender, request_id: `${name}-${index}`, item: 0, received_ms }
    return observationOf(parsed.report, origin, JSON.stringify(report))
  })
}
