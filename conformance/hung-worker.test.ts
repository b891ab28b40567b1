/**
 * A worker whose event loop does not run is replaced, and what it was handed goes to another one;
 * not so when the supervisor does not run either. The tests mostly wait, so they run side by side.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type RunningServer, startServer } from './support/running-server.ts'
import { until } from './support/until.ts'
import { isRunning, logged, untilComplete, workerPids } from './support/workers.ts'

/** Killed after 35 seconds at most, then replaced, on a busy machine. */
const REPLACED_WITHIN_MS = 120_000
/** Longer than the time after which a worker that does not answer is killed. */
const ASLEEP_MS = 40_000
const KILLED = 'a worker hangs and is killed'
/** More than the workers: the one that hangs is handed one of them. */
const CONNECTIONS = 6

/** @returns the worker that hangs, and the other one. */
async function stopOne(server: RunningServer): Promise<[number, number]> {
  const pids = await until(async () => {
    const all = workerPids(server)
    return Object.keys(all).length === 2 ? all : undefined
  })
  const [hanging, other] = pids as [number, number]
  process.kill(hanging, 'SIGSTOP')
  return [hanging, other]
}

/**
 * New connections, of which the worker that hangs is handed one.
 *
 * @returns their answers, once all but that one have arrived.
 */
async function openSome(server: RunningServer): Promise<Promise<number[]>[]> {
  const others = Promise.withResolvers<void>()
  let answered = 0
  const answers = Array.from({ length: CONNECTIONS }, async () => {
    const { status } = await fetch(`${server.url}/livez`, { headers: { connection: 'close' } })
    if (++answered === CONNECTIONS - 1) others.resolve()
    return status
  })
  await others.promise
  return [Promise.all(answers)]
}

describe('a worker that hangs', { concurrency: true, timeout: 300_000 }, () => {
  it('is killed and replaced, and the other one gets the connection that it held', async () => {
    const server = await startServer({ MIOT_WORKERS: '2' })
    const [hanging, other] = await stopOne(server)
    const [answers] = await openSome(server)
    await until(async () => logged(server, KILLED)[0], REPLACED_WITHIN_MS)
    assert.deepEqual(await answers, Array(CONNECTIONS).fill(200))
    await until(
      async () => (workerPids(server)[0] === hanging ? undefined : true),
      REPLACED_WITHIN_MS,
    )
    await untilComplete(server)
    assert.equal(workerPids(server)[1], other)
    assert.equal(logged(server, KILLED).length, 1)
    assert.ok(!isRunning(hanging) && isRunning(other))
    await server.stop()
  })

  it('does not keep SIGHUP from replacing all', async () => {
    const server = await startServer({ MIOT_WORKERS: '2' })
    const [hanging, other] = await stopOne(server)
    const [answers] = await openSome(server)
    process.kill(server.pid(), 'SIGHUP')
    await until(async () => logged(server, 'all workers were restarted')[0], 2 * REPLACED_WITHIN_MS)
    assert.deepEqual(await answers, Array(CONNECTIONS).fill(200))
    assert.ok(!isRunning(hanging) && !isRunning(other))
    await untilComplete(server)
    await server.stop()
  })

  it('is not mistaken for one that was stopped with all processes of the server', async () => {
    const server = await startServer({ MIOT_WORKERS: '2' })
    const workers = await until(async () => {
      const all = workerPids(server)
      return Object.keys(all).length === 2 ? all : undefined
    })
    const all = [server.pid(), ...workers]
    // The supervisor first: it may not run while a worker does not.
    for (const pid of all) process.kill(pid, 'SIGSTOP')
    await wait(ASLEEP_MS)
    for (const pid of all) process.kill(pid, 'SIGCONT')
    assert.equal((await fetch(`${server.url}/livez`)).status, 200)
    // Until it has asked both of them again.
    await wait(12_000)
    assert.deepEqual(logged(server, KILLED), [])
    assert.deepEqual(workerPids(server), workers)
    await server.stop()
  })
})
