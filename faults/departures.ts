/**
 * An instance stops again and again while clients open a new connection for every login, in
 * plaintext and over TLS.
 *
 * Guarantee: every connection that the process has accepted gets a response, and never a 503; a
 * refused connection fails at once, so the client can retry elsewhere. The kernel completes
 * connections before the process accepts them, so a connection in the instant of closing is reset:
 * at most one client in a thousand, and in at most one of two stops. 50 stops each, `--quick` 4;
 * `--rounds N` for another number, `--drain SECONDS` for MIOT_DRAIN_SECONDS, `--transport
 * plaintext|TLS` for one only. A held socket resets no connection: successions.ts.
 */

import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { RunningServer } from '../conformance/support/running-server.ts'
import {
  type LoginAnew,
  loginAnew,
  type Outcome,
  TRANSPORT_NAMES,
  type Transport,
  withServer,
} from './support/login-anew.ts'
import { summarize } from './support/summary.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    drain: { type: 'string', default: '0' },
    transport: { type: 'string' },
  },
})
const ROUNDS = Number(values.rounds ?? (values.quick ? 4 : 50))
const CALLERS = 8
/** Each stop comes at another moment of the load. */
const LOAD_MS = 300
/** On a machine with other load: a second for new connections, and the requests in progress. */
const MAX_LEAVING_MS = Number(values.drain) * 1000 + 10_000

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Each client logs in repeatedly until it is refused. */
async function untilRefused(login: LoginAnew): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  async function call(): Promise<void> {
    for (;;) {
      const outcome = await login()
      outcomes.push(outcome)
      if (outcome === 'refused') return
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  return outcomes
}

async function leaveAgainAndAgain(server: RunningServer, transport: Transport): Promise<void> {
  const login = loginAnew(server, transport)
  const outcomes: Outcome[] = []
  const leavingMs: number[] = []
  let withResets = 0
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await server.restart()
    const load = untilRefused(login)
    await sleep(LOAD_MS + ((round * 37) % 100))
    const told = performance.now()
    await server.kill('SIGTERM')
    leavingMs.push(performance.now() - told)
    const seen = await load
    if (seen.includes('reset')) withResets++
    outcomes.push(...seen)
  }
  const count = (which: Outcome): number => outcomes.filter((one) => one === which).length
  const { p50, max } = summarize(leavingMs)
  const drain = `MIOT_DRAIN_SECONDS=${values.drain}`
  print(`${transport}, ${drain}: ${ROUNDS} stops under ${CALLERS} clients`)
  print(`  ${count('200')} logins, ${count('reset')} reset in ${withResets} of the stops`)
  print(`  exited after ${ms(p50)}, at most ${ms(max)}`)
  const others = outcomes.filter((one) => !['200', 'reset', 'refused'].includes(one))
  assert.deepEqual(others, [], 'every accepted client got a token')
  assert.ok(count('200') >= ROUNDS * CALLERS, 'the load ran')
  // On one core the clients connect while the server does not run, and the kernel resets what
  // waits at its socket.
  if (availableParallelism() > 1) {
    assert.ok(withResets <= ROUNDS / 2, 'few stops reset a connection')
    // All clients connect in the instant of a stop that resets connections, and --quick has few
    // stops.
    assert.ok(count('reset') <= count('200') / 1000 + CALLERS, 'few clients were reset')
  }
  assert.ok(max < MAX_LEAVING_MS, 'no connection held the process')
}

const ms = (duration: number): string => `${Math.round(duration)} ms`

for (const transport of TRANSPORT_NAMES) {
  if (values.transport !== undefined && values.transport !== transport) continue
  await withServer({ transport, drain: values.drain, socket: 'own' }, (server) =>
    leaveAgainAndAgain(server, transport),
  )
}
