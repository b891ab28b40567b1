/**
 * Programs of the bench that run beside it, each on a core of its choice: asked one question at a
 * time, and gone when the bench is gone.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../../conformance/support/environment.ts'

export interface Child<Question, Answer> {
  readonly pid: number
  ask(question: Question): Promise<Answer>
  stop(): Promise<void>
}

/** The core of every server, and the one of whoever sends the load. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/**
 * False where there is no `taskset`, or nothing to choose from: everything then runs where it
 * likes.
 */
export const CAN_PIN =
  spawnSync('taskset', ['--version']).status === 0 &&
  cpus().length > Math.max(SERVER_CORE, LOAD_CORE)

/** Moves this process; children start where their parent is. */
export function pinThisProcess(core: number): void {
  if (CAN_PIN) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)])
}

export function startChild<Question, Answer>(file: URL, core: number): Child<Question, Answer> {
  const path = fileURLToPath(file)
  const pin = CAN_PIN ? ['taskset', '-c', String(core)] : []
  const [command, ...args] = [...pin, process.execPath, path]
  const child = spawn(command as string, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...environmentWithoutSettings(), NODE_ENV: 'production' },
  })
  return {
    pid: child.pid as number,
    ask: (question) => ask(child, basename(path), question),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      child.kill()
      await exited
    },
  }
}

function ask<Answer>(child: ChildProcess, file: string, question: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${file} ended before it answered`))
    child.once('exit', onExit)
    child.once('message', ({ answer, error }: { answer: Answer; error?: string }) => {
      child.off('exit', onExit)
      if (error === undefined) resolve(answer)
      else reject(new Error(`${file}: ${error}`))
    })
    child.send(question as object)
  })
}

/** The other side: answers whoever started this process. */
export function answerParent<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
): void {
  process.on('message', async (question: Question) => {
    try {
      process.send?.({ answer: await answer(question) })
    } catch (error) {
      process.send?.({ error: String(error) })
    }
  })
  process.once('disconnect', () => process.exit())
}

/**
 * CPU time in seconds that processes of this machine have used so far, and those they started that
 * have ended; NaN where that is not told.
 */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
}

function cpuSecondsOf(pid: number): number {
  try {
    // proc_pid_stat(5): fields 14 to 17 are user and system time, own and of children that were
    // waited for; the second may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    return ticks / TICKS_A_SECOND
  } catch {
    // One that has just ended is counted with whoever waited for it.
    return existsSync('/proc/self/stat') ? 0 : Number.NaN
  }
}

/** USER_HZ, the same on every Linux we know. */
const TICKS_A_SECOND = 100
