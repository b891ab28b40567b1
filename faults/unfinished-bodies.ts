/**
 * Many senders stop before the end of the largest body that a route accepts, and keep the
 * connection: batches of reports, and bulk requests to the admin API.
 *
 * Guarantee: on each route they hold no more than MAX_ARRIVING_BYTES, so all further ones are
 * refused with 429 and `Retry-After`, and memory stays near that limit; all other requests are
 * answered, including small reports. 200 senders, `--quick` 100; `--senders N` for another number.
 * Bulk bodies are three times as large, so a third as many.
 */

import assert from 'node:assert/strict'
import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { adminToken } from '../conformance/support/administrator.ts'
import { openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { reportHeaders } from '../conformance/support/track-requests.ts'
import { MAX_BULK_BYTES } from '../packages/auth/src/http/admin/mount.ts'
import {
  MAX_ARRIVING_BYTES,
  SMALL_BODY_BYTES,
} from '../packages/platform/src/http/arriving-bodies.ts'
import { MAX_BATCH_BYTES } from '../packages/telemetry/src/limits.ts'
import { standBy } from './support/bystanders.ts'
import { megabytes, memoryOf } from './support/memory.ts'
import { summarize } from './support/summary.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, senders: { type: 'string' } },
})
const SENDERS = Number(values.senders ?? (values.quick ? 100 : 200))
/** How long the connections stay. Node allows a request 30 seconds in total. */
const STAY_MS = values.quick ? 500 : 3000

interface Route {
  readonly path: string
  readonly maxBytes: number
  readonly senders: number
  readonly headers: () => Record<string, string>
  readonly token: (server: RunningServer) => Promise<string>
}

const ROUTES: Readonly<Record<string, Route>> = {
  'batches of reports': {
    path: '/v1/asset/track/batch',
    maxBytes: MAX_BATCH_BYTES,
    senders: SENDERS,
    headers: reportHeaders,
    token: reportToken,
  },
  'bulk requests': {
    path: '/admin/v1/clients/bulk',
    maxBytes: MAX_BULK_BYTES,
    senders: Math.ceil(SENDERS / 3),
    headers: () => ({ 'content-type': 'application/x-ndjson' }),
    token: (server) => adminToken(server),
  },
}

async function reportToken(server: RunningServer): Promise<string> {
  const connection = openConnection(server.url)
  const token = await accessToken(connection, server.credentials)
  connection.close()
  return token
}

/** The number of senders with room; all others are refused. */
const heldOf = ({ maxBytes }: Route): number =>
  Math.floor(MAX_ARRIVING_BYTES / (maxBytes - 1 - SMALL_BODY_BYTES))

/** The bodies in memory, and several times as much garbage that waits for collection. */
const MAX_GROWTH_BYTES = 5 * MAX_ARRIVING_BYTES

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Senders {
  /** The number of refused senders. */
  refused(): number
  leave(): void
}

/** @returns once all senders without room have been refused. */
async function holdUnfinished(server: RunningServer, route: Route): Promise<Senders> {
  const agent = new Agent({ keepAlive: true })
  const authorization = `Bearer ${await route.token(server)}`
  const unfinished = Buffer.alloc(route.maxBytes - 1, ' ')
  let refused = 0
  for (let index = 0; index < route.senders; index++) {
    const outgoing = request(server.url + route.path, {
      agent,
      method: 'POST',
      headers: { ...route.headers(), authorization, 'content-length': route.maxBytes },
    })
    outgoing.on('error', () => {})
    outgoing.once('response', ({ statusCode, headers }: IncomingMessage) => {
      assert.deepEqual([statusCode, headers['retry-after']], [429, '5'])
      refused++
    })
    outgoing.write(unfinished)
  }
  while (refused < route.senders - heldOf(route)) await sleep(10)
  return { refused: () => refused, leave: () => agent.destroy() }
}

function report(latencies: Readonly<Record<string, number[]>>): void {
  for (const [name, times] of Object.entries(latencies)) {
    const { count, p50, max } = summarize(times)
    print(`  ${name}: ${count} answered, p50 ${p50.toFixed(0)}, max ${max.toFixed(0)} ms`)
  }
}

/** A server of its own, so that the memory of one route does not count for the other. */
async function attack(name: string, route: Route): Promise<void> {
  const server = await startServer({ MIOT_LOG_LEVEL: 'silent' })
  try {
    const token = await reportToken(server)
    const before = memoryOf(server, 'now')
    const end = new AbortController()
    const standing = standBy(server, token, end.signal)
    const senders = await holdUnfinished(server, route)
    await sleep(STAY_MS)
    const held = memoryOf(server, 'now')
    end.abort()
    const others = await standing
    senders.leave()
    const peak = memoryOf(server, 'peak')
    print(`${name}: ${route.senders} senders, each a byte short of ${megabytes(route.maxBytes)}`)
    print(
      `  ${senders.refused()} refused; memory ${megabytes(before)} before, ${megabytes(held)} while the connections stay, ${megabytes(peak)} at most`,
    )
    report(others)
    assert.ok(
      !(peak - before > MAX_GROWTH_BYTES),
      `memory grew by more than ${megabytes(MAX_GROWTH_BYTES)}`,
    )
  } finally {
    await server.stop()
  }
}

for (const [name, route] of Object.entries(ROUTES)) await attack(name, route)
