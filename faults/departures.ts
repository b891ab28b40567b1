/**
 * An instance leaves again and again while clients connect anew for every login, in plaintext and over TLS.
 *
 * Promised: whoever the process knew of is answered, and never with a 503; who is refused knows it at once and
 * may ask elsewhere. The kernel accepts before the process does, so that whoever connects in the instant of
 * closing is reset: in at most one of two departures. 50 departures each, `--quick` 4; `--rounds N` as often as
 * you like, `--drain SECONDS` for MIOT_DRAIN_SECONDS, `--transport plaintext|TLS` for one only.
 */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { parseArgs } from 'node:util'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { selfSigned } from '../packages/platform/src/testing/self-signed.ts'
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

const TRANSPORTS = {
  plaintext: { ready: 'connect', secure: (socket: Socket): Socket => socket },
  TLS: {
    ready: 'secureConnect',
    secure: (socket: Socket): Socket => connectTls({ socket, rejectUnauthorized: false }),
  },
} as const
type Transport = keyof typeof TRANSPORTS

/**
 * `200` and the like; `refused`: nobody listens; `reset`: perhaps before the process knew of it; `unanswered`:
 * it knew, since a handshake takes two.
 */
type Outcome = 'refused' | 'reset' | 'unanswered' | `${number}`

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Logs in over a connection of its own. */
async function login(port: number, transport: Transport, request: string): Promise<Outcome> {
  const { ready, secure } = TRANSPORTS[transport]
  const plain = connect(port, '127.0.0.1')
  const socket = secure(plain)
  let heard = ''
  let refused = false
  socket.setEncoding('latin1').on('data', (text) => {
    heard += text
  })
  plain.on('error', ({ code }: NodeJS.ErrnoException) => {
    refused ||= code === 'ECONNREFUSED'
  })
  let greeted = false
  socket
    .on('error', () => {})
    .on(ready, () => {
      greeted = transport === 'TLS'
      socket.write(request)
    })
  await new Promise((resolve) => socket.once('close', resolve))
  const [, status] = /^HTTP\/1\.1 (\d+) /.exec(heard) ?? []
  if (status !== undefined && heard.endsWith('}')) return `${Number(status)}`
  if (refused) return 'refused'
  return greeted || heard !== '' ? 'unanswered' : 'reset'
}

function loginRequest({ credentials }: RunningServer): string {
  const body = JSON.stringify(credentials)
  const head = [
    'POST /api/v1/login HTTP/1.1',
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** Each logs in, again and again, until it is refused. */
async function untilRefused(port: number, transport: Transport, request: string) {
  const outcomes: Outcome[] = []
  async function call(): Promise<void> {
    for (;;) {
      const outcome = await login(port, transport, request)
      outcomes.push(outcome)
      if (outcome === 'refused') return
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  return outcomes
}

async function leaveAgainAndAgain(server: RunningServer, transport: Transport): Promise<void> {
  const request = loginRequest(server)
  const port = Number(new URL(server.url).port)
  const outcomes: Outcome[] = []
  const leavingMs: number[] = []
  let withResets = 0
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) await server.restart()
    const load = untilRefused(port, transport, request)
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
  assert.ok(max < MAX_LEAVING_MS, 'nobody held the process')
}

const ms = (duration: number): string => `${Math.round(duration)} ms`

for (const transport of Object.keys(TRANSPORTS) as Transport[]) {
  if (values.transport !== undefined && values.transport !== transport) continue
  using folder = mkdtempDisposableSync(join(tmpdir(), 'departures-'))
  const files = {
    MIOT_TLS_CERT: join(folder.path, 'crt'),
    MIOT_TLS_KEY: join(folder.path, 'key'),
  }
  const { cert, key } = selfSigned('leaving')
  writeFileSync(files.MIOT_TLS_CERT, cert)
  writeFileSync(files.MIOT_TLS_KEY, key)
  const settings = { MIOT_DRAIN_SECONDS: values.drain, MIOT_LOG_LEVEL: 'silent' }
  const server = await startServer({ ...settings, ...(transport === 'TLS' && files) })
  try {
    await leaveAgainAndAgain(server, transport)
  } finally {
    await server.stop()
  }
}
