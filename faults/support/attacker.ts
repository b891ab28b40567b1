/**
 * The thread that attacks: handling large responses must not delay the measurements of the main
 * thread.
 *
 * It starts with a target and receives the names of attacks, each with its rate per second; after
 * `stop` it returns the responses.
 */

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { openConnection } from '../../conformance/support/connection.ts'
import { ATTACKS } from './attacks.ts'

interface Target {
  readonly url: string
  readonly token: string
}

interface Order {
  readonly names: readonly string[]
  readonly aSecond: number
}

/** Number of responses by status, for each attack. */
export type Answers = Record<string, Record<string, number>>

export interface Attacker {
  /** @returns ends it, once every request has its response. */
  attack(order: Order): () => Promise<Answers>
  end(): Promise<void>
}

const SOCKETS = 64

export function startAttacker(target: Target): Attacker {
  const worker = new Worker(new URL(import.meta.url), { workerData: target })
  return {
    attack(order) {
      worker.postMessage(order)
      return async () => {
        const answered = once(worker, 'message')
        worker.postMessage('stop')
        return (await answered)[0] as Answers
      }
    },
    end: async () => void (await worker.terminate()),
  }
}

async function run({ names, aSecond }: Order, stopped: AbortSignal): Promise<Answers> {
  const { url, token } = workerData as Target
  const connection = openConnection(url, SOCKETS)
  const answers: Answers = {}
  const underWay = new Set<Promise<void>>()
  async function sendOne(name: string): Promise<void> {
    const request = ATTACKS[name]?.request() ?? { path: '/' }
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    const status = await connection
      .send({ ...request, headers })
      .then((answer) => String(answer.status))
      .catch((error: Error) => error.message)
    const counts = answers[name] ?? {}
    answers[name] = { ...counts, [status]: (counts[status] ?? 0) + 1 }
  }
  const began = performance.now()
  for (let sent = 0; !stopped.aborted; sent++) {
    const inMs = began + (sent * 1000) / (aSecond * names.length) - performance.now()
    if (inMs > 0) await wait(inMs, undefined, { signal: stopped }).catch(() => {})
    if (stopped.aborted) break
    const one = sendOne(names[sent % names.length] as string)
    underWay.add(one)
    void one.then(() => underWay.delete(one))
  }
  await Promise.all(underWay)
  connection.close()
  return answers
}

let stop: AbortController | null = null
parentPort?.on('message', (order: Order | 'stop') => {
  if (order === 'stop') return stop?.abort()
  stop = new AbortController()
  void run(order, stop.signal).then((answers) => parentPort?.postMessage(answers))
})
