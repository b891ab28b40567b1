/**
 * An instance leaves again and again while clients connect anew for every login, in plaintext and
 * over TLS.
 *
 * Promised: whoever the process knew of is answered, and never with a 503; who is refused knows it
 * at once and may ask elsewhere. The kernel accepts before the process does, so that whoever
 * connects in the instant of closing is reset: at most one caller in a thousand, and in at most one
 * of two departures. 50 departures each, `--quick` 4; `--rounds N` as often as you like, `--drain
 * SECONDS` for MIOT_DRAIN_SECONDS, `--transport plaintext|TLS` for one only. With a socket that
 * somebody else holds nobody is: successions.ts.
 */

import assert from 'node:assert/strict'
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
/** Each departure comes at another moment of the load. */
const LOAD_MS = 300
/** Of a machine that has other work, too: a second for the new, and what is under way. */
const MAX_LEAVING_MS = Number(values.drain) * 1000 + 10_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Each logs in, again and again, until it is refused. */
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
  say(`${transport}, ${drain}: left ${ROUNDS} times under ${CALLERS} callers`)
  say(`  ${count('200')} logins, ${count('reset')} reset in ${withResets} of the departures`)
  say(`  gone after ${ms(p50)}, at most ${ms(max)}`)
  const others = outcomes.filter((one) => !['200', 'reset', 'refused'].includes(one))
  assert.deepEqual(others, [], 'whoever was accepted got a token')
  assert.ok(count('200') >= ROUNDS * CALLERS, 'there was work')
  assert.ok(withResets <= ROUNDS / 2, 'hardly any departure reset anybody')
  // A departure that does reset has all the callers in its way, and --quick has hardly any
  // departures.
  assert.ok(count('reset') <= count('200') / 1000 + CALLERS, 'hardly any caller was reset')
  assert.ok(max < MAX_LEAVING_MS, 'nobody held the process')
}

const ms = (duration: number): string => `${Math.round(duration)} ms`

for (const transport of TRANSPORT_NAMES) {
  if (values.transport !== undefined && values.transport !== transport) continue
  await withServer({ transport, drain: values.drain, socket: 'own' }, (server) =>
    leaveAgainAndAgain(server, transport),
  )
}
