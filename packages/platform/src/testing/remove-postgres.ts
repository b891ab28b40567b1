/**
 * Stops a test's PostgreSQL server and removes its folder: called by the test, or run as a program
 * (`remove-postgres.ts FOLDER`) by the watcher of a test that was killed.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const STOP_TIMEOUT_MS = 3000
const RECHECK_MS = 10

/** Works on a frozen server too, with or without connections. */
export async function removeServer(folder: string): Promise<void> {
  const processes = processesOf(folder)
  for (const pid of processes) send(pid, 'SIGCONT')
  // The parent stops the others and releases what they share.
  if (processes[0] !== undefined) send(processes[0], 'SIGQUIT')
  await untilEnded(processes)
  for (const pid of processes) send(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** Gives up after a while. */
export async function untilEnded(processes: readonly number[]): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT_MS
  while (processes.some(isAlive) && performance.now() < deadline) await sleep(RECHECK_MS)
}

/** The server's processes, their parent first; none when it does not run. */
export function processesOf(folder: string): number[] {
  const pidFile = join(folder, 'data', 'postmaster.pid')
  if (!existsSync(pidFile)) return []
  const postmaster = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
  const all = existsSync('/proc/self/stat') ? listProc() : listPs()
  // A killed server leaves its pid file, and the number may belong to another process now.
  const isOurs = all.some(({ pid, command }) => pid === postmaster && command.includes(folder))
  if (!isOurs) return []
  return [postmaster, ...all.filter(({ parent }) => parent === postmaster).map(({ pid }) => pid)]
}

/** Ignores a process that has already ended. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch {
    return false
  }
}

/** Dead, but not yet reaped by its parent. */
function isZombie(pid: number): boolean {
  return existsSync('/proc/self/stat') && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** proc(5). Processes that end during the listing are left out. */
function listProc(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return [{ pid: Number(pid), parent, command }]
    } catch {
      return []
    }
  })
}

function listPs(): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
  return lines.split('\n').flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await removeServer(process.argv[2] as string)
}
