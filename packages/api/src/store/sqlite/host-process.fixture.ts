/**
 * A process that writes for the stores of another, as a supervisor does for its workers: the
 * program, and what starts it. The stores are all in the process of the test, each with a channel
 * of its own over one pipe.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { pipeChannel } from '@modulariot/platform/testing/pipe-channel'
import { answerCallsOf, type Caller, channelCaller } from '@modulariot/platform/threads'
import type { TelemetryStore } from '../store.ts'
import { openSqliteTelemetryStore } from './sqlite-store.ts'
import { hostTelemetryWriter, type WriterHost } from './writer-host.ts'

type ControlCalls = {
  /** Answers a store of the file on the channel. */
  connect: (path: string, channel: string, options: { maxPages?: number }) => void
  closeWriter: (path: string) => Promise<void>
  /** @returns how many threads there were. */
  killThreads: () => Promise<number>
  /** Answered after everything that was sent before is with the thread. */
  sync: () => void
}

const PROGRAM = fileURLToPath(import.meta.url)
if (process.argv[1] === PROGRAM) run()

function run(): void {
  const hosts = new Map<string, WriterHost>()
  const threads = new Set<Worker>()
  process.setMaxListeners(0)
  process.on('worker', (thread) => {
    threads.add(thread)
    thread.once('exit', () => threads.delete(thread))
  })
  answerCallsOf<ControlCalls>(
    pipeChannel(process, 'control'),
    {
      connect(path, channel, options) {
        const host = hosts.get(path) ?? hostTelemetryWriter({ path, ...options })
        hosts.set(path, host)
        host.connect(pipeChannel(process, channel))
      },
      async closeWriter(path) {
        await hosts.get(path)?.close()
        hosts.delete(path)
      },
      async killThreads() {
        const killed = [...threads]
        await Promise.all(killed.map((thread) => thread.terminate()))
        return killed.length
      },
      sync() {},
    },
    (error) => error,
  )
}

export interface HostProcess extends Pick<Caller<ControlCalls>, 'call'> {
  /** Opens a store whose writer is in the process. */
  openStore(path: string, options?: { maxPages?: number }): Promise<TelemetryStore>
  readonly process: ChildProcess
  end(): Promise<void>
}

export function startHostProcess(): HostProcess {
  const child = fork(PROGRAM, { serialization: 'advanced' })
  const ended = once(child, 'exit')
  child.setMaxListeners(0)
  const control = channelCaller<ControlCalls>(pipeChannel(child, 'control'), {
    errorOf: (error: Error) => error,
    lost: (why) => new Error(`the process with the writer ${why}`),
  })
  let channels = 0
  return {
    call: control.call.bind(control),
    async openStore(path, options = {}) {
      const channel = `telemetry-${++channels}`
      await control.call('connect', [path, channel, options])
      return openSqliteTelemetryStore(path, { writer: pipeChannel(child, channel) })
    },
    process: child,
    async end() {
      child.kill()
      await ended
    },
  }
}
