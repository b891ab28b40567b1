/**
 * One process succeeds another at a held socket, repeatedly, while clients open a new connection
 * for every login, in plaintext and over TLS.
 *
 * Guarantee: every login gets a token; no connection is reset or refused at any moment. 50
 * successions each, `--quick` 4, `--rounds N` for another number.
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RunningServer } from '../conformance/support/running-server.ts'
import {
  loginAnew,
  type Outcome,
  TRANSPORT_NAMES,
  type Transport,
  withServer,
} from './support/login-anew.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
})
const ROUNDS = Number(values.rounds ?? (values.quick ? 4 : 50))
const CALLERS = 8
/** Each succession comes at another moment of the load. */
const LOAD_MS = 100

async function succeedRepeatedly(server: RunningServer, transport: Transport): Promise<void> {
  const login = loginAnew(server, transport)
  const outcomes: Outcome[] = []
  let longestMs = 0
  let over = false
  async function call(): Promise<void> {
    while (!over) {
      const began = performance.now()
      outcomes.push(await login())
      longestMs = Math.max(longestMs, performance.now() - began)
    }
  }
  const load = Promise.all(Array.from({ length: CALLERS }, call))
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(LOAD_MS + ((round * 37) % 100))
    await server.restart()
  }
  over = true
  await load
  const [longest, tokens] = [Math.round(longestMs), outcomes.filter((one) => one === '200').length]
  process.stdout.write(
    `${transport}: ${ROUNDS} successions under ${CALLERS} clients\n` +
      `  ${tokens} logins, the longest ${longest} ms; ${outcomes.length - tokens} without a token\n`,
  )
  const others = outcomes.filter((one) => one !== '200')
  assert.deepEqual(others, [], 'every login got a token')
  assert.ok(tokens >= ROUNDS * CALLERS, 'the load ran')
}

for (const transport of TRANSPORT_NAMES) {
  await withServer({ transport, drain: '0', socket: 'held' }, (server) =>
    succeedRepeatedly(server, transport),
  )
}
