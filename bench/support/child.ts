/**
 * Programs of the bench in processes of their own, each on a chosen core: one request at a time;
 * they exit with the bench.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../../conformance/support/environment.ts'

export interface Child<Call, Answer> {
  readonly pid: number
  send(call: Call): Promise<Answer>
  stop(): Promise<void>
}

/** The core of every server, and the core of the load generator. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** False without `taskset` or with a single core: processes then run on any core. */
export const CAN_PIN =
  spawnSync('taskset', ['--version']).status === 0 &&
  cpus().length > Math.max(SERVER_CORE, LOAD_CORE)

/** Moves this process; children start on the core of their parent. */
export function pinThisProcess(core: number): void {
  if (CAN_PIN) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)])
}

/** @param core null: any, as this process. */
export function startChild<Call, Answer>(file: URL, core: number | null): Child<Call, Answer> {
  const path = fileURLToPath(file)
  const pin = CAN_PIN && core !== null ? ['taskset', '-c', String(core)] : []
  const [command, ...args] = [...pin, process.execPath, path]
  const child = spawn(command as string, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...environmentWithoutSettings(), NODE_ENV: 'production' },
  })
  return {
    pid: child.pid as number,
    send: (call) => sendCall(child, basename(path), call),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      child.kill()
      await exited
    },
  }
}

function sendCall<Answer>(child: ChildProcess, file: string, call: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${file} ended before it answered`))
    child.once('exit', onExit)
    child.once('message', ({ answer, error }: { answer: Answer; error?: string }) => {
      child.off('exit', onExit)
      if (error === undefined) resolve(answer)
      else reject(new Error(`${file}: ${error}`))
    })
    child.send(call as object)
  })
}

/** The child's side: answers its parent process. */
export function answerParent<Call, Answer>(answer: (call: Call) => Answer | Promise<Answer>): void {
  process.on('message', async (call: Call) => {
    try {
      process.send?.({ answer: await answer(call) })
    } catch (error) {
      process.send?.({ error: String(error) })
    }
  })
  process.once('disconnect', () => process.exit())
}

/**
 * CPU time in seconds of these processes so far, including children that have exited; NaN if it is
 * unknown.
 */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
}

function cpuSecondsOf(pid: number): number {
  try {
    // proc_pid_stat(5): fields 14 to 17 are user and system time, own and of reaped children; the
    // second field may contain spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return ticks / TICKS_PER_SECOND
  } catch {
    // The time of a process that has just exited is in that of its parent.
    return existsSync('/proc/self/stat') ? 0 : Number.NaN
  }
}

/** USER_HZ, the same on every common Linux. */
const TICKS_PER_SECOND = 100
