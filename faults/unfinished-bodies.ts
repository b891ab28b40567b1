/**
 * Many senders stop short of the end of the largest body there is, and stay.
 *
 * Promised: they hold no more than MAX_ARRIVING_BYTES, so that all others of them are refused with 429 and
 * `Retry-After`, and memory stays near that; everybody else is answered meanwhile, a small report, too. 200
 * senders, `--quick` 100; `--senders N` as many as you like.
 */

import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { reportHeaders } from '../conformance/support/track-requests.ts'
import { MAX_ARRIVING_BYTES, SMALL_BODY_BYTES } from '../packages/platform/src/http/arriving-bodies.ts'
import { MAX_BATCH_BYTES } from '../packages/api/src/http/request-body.ts'
import { standBy } from './support/bystanders.ts'
import { megabytes, memoryOf } from './support/memory.ts'
import { summarize } from './support/summary.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, senders: { type: 'string' } },
})
const SENDERS = Number(values.senders ?? (values.quick ? 100 : 200))
/** How long they stay. Node gives a request 30 seconds in all. */
const STAY_MS = values.quick ? 500 : 3000

const UNFINISHED = Buffer.alloc(MAX_BATCH_BYTES - 1, ' ')
/** For the others there is no room. */
const HELD = Math.floor(MAX_ARRIVING_BYTES / (UNFINISHED.length - SMALL_BODY_BYTES))
/** What is held, and several times as much that was let go and waits to be collected. */
const MAX_GROWTH_BYTES = 5 * MAX_ARRIVING_BYTES

const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface Senders {
  /** So many were refused. */
  refused(): number
  leave(): void
}

/** @returns once all for whom there is no room were refused. */
async function stopShort(server: RunningServer, token: string): Promise<Senders> {
  const agent = new Agent({ keepAlive: true })
  let refused = 0
  for (let index = 0; index < SENDERS; index++) {
    const outgoing = request(`${server.url}/v1/asset/track/batch`, {
      agent,
      method: 'POST',
      headers: {
        ...reportHeaders(),
        authorization: `Bearer ${token}`,
        'content-length': MAX_BATCH_BYTES,
      },
    })
    outgoing.on('error', () => {})
    outgoing.once('response', ({ statusCode, headers }: IncomingMessage) => {
      assert.deepEqual([statusCode, headers['retry-after']], [429, '5'])
      refused++
    })
    outgoing.write(UNFINISHED)
  }
  while (refused < SENDERS - HELD) await sleep(10)
  return { refused: () => refused, leave: () => agent.destroy() }
}

function report(latencies: Readonly<Record<string, number[]>>): void {
  for (const [name, times] of Object.entries(latencies)) {
    const { count, p50, max } = summarize(times)
    say(`  ${name}: ${count} answered, p50 ${p50.toFixed(0)}, max ${max.toFixed(0)} ms`)
  }
}

const server = await startServer({ MIOT_LOG_LEVEL: 'silent' })
try {
  const connection = openConnection(server.url)
  const token = await accessToken(connection, server.credentials)
  connection.close()
  const before = memoryOf(server, 'now')
  const end = new AbortController()
  const standing = standBy(server, token, end.signal)
  const senders = await stopShort(server, token)
  await sleep(STAY_MS)
  const held = memoryOf(server, 'now')
  end.abort()
  const others = await standing
  senders.leave()
  const peak = memoryOf(server, 'peak')
  const refused = senders.refused()
  say(`${SENDERS} senders, each a byte short of ${megabytes(MAX_BATCH_BYTES)}: ${refused} refused`)
  say(
    `  memory ${megabytes(before)} before, ${megabytes(held)} while they stay, ${megabytes(peak)} at most`,
  )
  report(others)
  assert.ok(
    !(peak - before > MAX_GROWTH_BYTES),
    `memory grew by more than ${megabytes(MAX_GROWTH_BYTES)}`,
  )
} finally {
  await server.stop()
}
