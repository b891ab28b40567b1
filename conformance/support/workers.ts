/** A server of several workers: its processes, and clients that keep it busy. */

import assert from 'node:assert/strict'
import { type Answer, type Connection, openConnection } from './connection.ts'
import type { RunningServer } from './running-server.ts'
import { until } from './until.ts'

interface Line {
  readonly msg: string
  readonly worker?: number
  readonly worker_pid?: number
}

/** Lines of the log with this message, the oldest first. */
export function logged(server: RunningServer, msg: string): Line[] {
  const lines = server.output().split('\n')
  return lines
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.msg === msg)
}

/** The newest process of each worker, by its index. */
export function workerPids(server: RunningServer): number[] {
  const pids: number[] = []
  for (const line of logged(server, 'a worker serves')) {
    pids[line.worker as number] = line.worker_pid as number
  }
  return pids
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Waits until the server has all its workers again. */
export async function untilComplete(server: RunningServer): Promise<void> {
  await until(async () => {
    const connection = openConnection(server.url)
    const answer = await connection.send({ method: 'GET', path: '/readyz' })
    connection.close()
    return answer.json().status === 'ok' ? true : undefined
  })
}

/**
 * Connections that are open at the same time, so that every worker has as many of them.
 *
 * @returns once each has had an answer.
 */
export async function openOnAll(url: string, count: number): Promise<Connection[]> {
  const connections = Array.from({ length: count }, () => openConnection(url))
  for (const { status } of await sendAll(connections)) assert.equal(status, 200)
  return connections
}

function sendAll(connections: readonly Connection[]): Promise<Answer[]> {
  return Promise.all(connections.map((one) => one.send({ method: 'GET', path: '/livez' })))
}

/** What clients met that sent one request after the other. */
export interface Load {
  /** By client: requests without an answer. */
  readonly broken: readonly number[]
  /** Lets each client end after its request under way. */
  stop(): Promise<void>
}

/** @param send fails the load when it rejects for another reason than a broken connection. */
export function startLoad(
  url: string,
  clients: number,
  send: (connection: Connection) => Promise<void>,
): Load {
  const broken = Array.from({ length: clients }, () => 0)
  let isStopped = false
  const loops = broken.map(async (_, client) => {
    const connection = openConnection(url)
    while (!isStopped) {
      try {
        await send(connection)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === undefined) throw error
        if (error instanceof assert.AssertionError) throw error
        broken[client] = (broken[client] as number) + 1
      }
    }
    connection.close()
  })
  const done = Promise.all(loops)
  done.catch(() => {})
  return {
    broken,
    async stop() {
      isStopped = true
      await done
    },
  }
}
