/**
 * Slow, silent and non-reading clients with many connections.
 *
 * Guarantee for each attack, in plaintext and over TLS: other clients, which open a new connection
 * for every login, all get a token during the attack, few with a second attempt; memory grows by no
 * more than MAX_GROWTH_BYTES; connections stay within their limit; when the attackers' time is over
 * the server has closed all of their connections, although they never close any (`--quick` does not
 * wait for that: they disconnect), and has as many descriptors as before.
 */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { parseArgs } from 'node:util'
import { openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { writeTlsFiles } from '../conformance/support/tls-files.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { trackBatch } from '../conformance/support/track-requests.ts'
import { loginAnew, TRANSPORT_NAMES, type Transport } from './support/login-anew.ts'
import { megabytes, memoryOf } from './support/memory.ts'
import { summarize } from './support/summary.ts'

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, attack: { type: 'string' } },
})

const MAX_CONNECTIONS = values.quick ? 200 : 400
/**
 * A request may take 30 seconds, a response 30 plus its length; a connection whose responses all
 * fit in the kernel's buffers is then idle for 75.
 */
const MAX_STAY_MS = values.quick ? 2000 : 150_000
const MIN_STAY_MS = values.quick ? 2000 : 10_000
const EVERY_MS = 1000
/** A thousand connections a second. */
const CONNECTIONS_PER_BURST = 20
const BURST_MS = 20
const MAX_GROWTH_BYTES = 300 * 1024 ** 2
/** Descriptors of Node, for reading the files of a TLS server again and the like. */
const MORE_DESCRIPTORS = 10

interface Attacker {
  readonly socket: Socket
  /** The stream over which data is sent after the handshake. */
  readonly secure: Socket
}

interface Attack {
  readonly about: string
  /** Fraction of the limit on connections. */
  readonly share: number
  /** Stays in the handshake, so this attack does not exist in plaintext. */
  readonly tlsOnly?: true
  begin(attacker: Attacker, token: string): void
  /** Once a second. */
  eachSecond?(attacker: Attacker): void
}

const GET_DOCUMENT = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'
const POST_LOGIN =
  'POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 16000\r\n\r\n'

const getEvents = (token: string): string =>
  `GET /v1/events?limit=200 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`

/** A new one is a new row. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  'slow heads': {
    about: 'a header, one byte a second',
    share: 2,
    begin: ({ secure }) => secure.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '),
    eachSecond: ({ secure }) => secure.write('x'),
  },
  'slow bodies': {
    about: 'the body of a login, one byte a second',
    share: 2,
    begin: ({ secure }) => secure.write(POST_LOGIN),
    eachSecond: ({ secure }) => secure.write(' '),
  },
  'unread documents': {
    about: '1,500 pipelined requests for the OpenAPI document, no response read',
    share: 0.1,
    begin: ({ secure }) => secure.write(GET_DOCUMENT.repeat(1500)),
  },
  'few unread documents': {
    about: '16 pipelined requests for the OpenAPI document, no response read',
    share: 0.5,
    begin: ({ secure }) => secure.write(GET_DOCUMENT.repeat(16)),
  },
  'unread events': {
    about: '16 pipelined pages of events with a valid token, no response read',
    share: 0.25,
    begin: ({ secure }, token) => secure.write(getEvents(token).repeat(16)),
  },
  'half handshakes': {
    about: 'the beginning of a TLS handshake, and nothing more',
    share: 2,
    tlsOnly: true,
    begin: ({ socket }) => socket.write(Buffer.from([22, 3, 1, 2, 0])),
  },
  'idle connections': { about: 'nothing is ever sent', share: 2, begin: () => {} },
  'a flood of connections': {
    about: 'a thousand a second, then silence',
    share: 5,
    begin: () => {},
  },
}

/**
 * From other addresses than the bystanders', never reading; errors that the server causes are
 * expected.
 */
function open(url: string, transport: Transport, index: number, inHandshake: boolean): Attacker {
  const localAddress = `127.0.0.${2 + (index % 4)}`
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress })
  socket.on('error', () => {})
  const secure =
    transport === 'TLS' && !inHandshake ? connectTls({ socket, rejectUnauthorized: false }) : socket
  secure.on('error', () => {})
  secure.pause()
  return { socket, secure }
}

/** Attempts of a client whose connection was replaced by a newer one. */
const MAX_TRIES = 5

interface Logins {
  /** Time until the token arrived, milliseconds. */
  readonly latencies: readonly number[]
  readonly retries: number
}

/** Logs in repeatedly, each time over a new connection. */
async function keepLoggingIn(
  server: RunningServer,
  transport: Transport,
  over: AbortSignal,
): Promise<Logins> {
  const logIn = loginAnew(server, transport)
  const latencies: number[] = []
  let retries = 0
  while (!over.aborted) {
    const at = performance.now()
    for (let tries = 1; ; tries++) {
      const outcome = await logIn()
      if (outcome === '200') break
      assert.ok(['reset', 'unanswered'].includes(outcome) && tries < MAX_TRIES, outcome)
      retries++
    }
    latencies.push(performance.now() - at)
    await sleep(20)
  }
  return { latencies, retries }
}

function descriptorsOf(server: RunningServer): number {
  return readdirSync(`/proc/${server.pid()}/fd`).length
}

interface Seen {
  readonly growth: number
  readonly most: number
  readonly left: number
  readonly more: number
  readonly logins: Logins
}

async function suffer(
  server: RunningServer,
  transport: Transport,
  attack: Attack,
  token: string,
): Promise<Seen> {
  const memory = memoryOf(server, 'now')
  const before = descriptorsOf(server)
  const over = new AbortController()
  const bystanders = keepLoggingIn(server, transport, over.signal)
  // Awaited below; it must not end the process before that.
  bystanders.catch(() => {})
  const attackers: Attacker[] = []
  let most = 0
  let growth = 0
  const look = (): void => {
    most = Math.max(most, descriptorsOf(server) - before)
    growth = Math.max(growth, memoryOf(server, 'now') - memory)
  }
  for (let index = 0; index < attack.share * MAX_CONNECTIONS; index++) {
    const attacker = open(server.url, transport, index, attack.tlsOnly === true)
    attack.begin(attacker, token)
    attackers.push(attacker)
    if (index % CONNECTIONS_PER_BURST === 0) {
      await sleep(BURST_MS)
      look()
    }
  }
  for (let stayed = 0; stayed < MAX_STAY_MS; stayed += EVERY_MS) {
    const areClosed = descriptorsOf(server) - before <= MORE_DESCRIPTORS
    if (stayed >= MIN_STAY_MS && areClosed) break
    await sleep(EVERY_MS)
    look()
    for (const one of attackers) if (one.socket.writable) attack.eachSecond?.(one)
  }
  const left = descriptorsOf(server) - before
  for (const { socket } of attackers) socket.destroy()
  over.abort()
  const logins = await bystanders
  let more = descriptorsOf(server) - before
  for (let tries = 0; tries < 100 && more > MORE_DESCRIPTORS; tries++) {
    await sleep(50)
    more = descriptorsOf(server) - before
  }
  return { growth, most, left, more, logins }
}

/** Events for the pages that are not read: some megabytes per page. */
async function makeEvents(server: RunningServer): Promise<string> {
  const connection = openConnection(server.url)
  const token = await accessToken(connection, server.credentials)
  const timestamp = new Date().toISOString()
  const event = { event_type: 'x', timestamp, description: 'x'.repeat(900) }
  const events = Array.from({ length: 5 }, () => event)
  const reports = Array.from({ length: 40 }, () => ({ asset_id: 'TRUCK-1', timestamp, events }))
  const answer = await trackBatch(connection, token, reports)
  assert.equal(answer.status, 200, answer.text)
  connection.close()
  return token
}

function report(name: string, transport: Transport, attack: Attack, seen: Seen): void {
  const { latencies, retries } = seen.logins
  const { p50, p99, max, count } = summarize(latencies)
  const load = Math.round(attack.share * MAX_CONNECTIONS)
  process.stdout.write(
    `${name}, ${transport}: ${load} connections, ${attack.about}\n` +
      `  connections at most ${seen.most} (bound ${MAX_CONNECTIONS}), ${seen.left} at the end of their time, ` +
      `memory +${megabytes(seen.growth)}\n` +
      `  ${count} logins during the attack, all with a token, ${retries} retries: p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, max ${max.toFixed(0)} ms\n`,
  )
}

for (const transport of TRANSPORT_NAMES) {
  using files = writeTlsFiles('localhost')
  const server = await startServer({
    ...(transport === 'TLS' && files.settings),
    MIOT_MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    MIOT_LOG_LEVEL: 'silent',
  })
  try {
    // Only in plaintext: the pages are the same over TLS.
    const token = transport === 'plaintext' ? await makeEvents(server) : ''
    for (const [name, attack] of Object.entries(ATTACKS)) {
      if (values.attack !== undefined && values.attack !== name) continue
      if (transport === 'plaintext' && attack.tlsOnly) continue
      if (transport === 'TLS' && name === 'unread events') continue
      const seen = await suffer(server, transport, attack, token)
      report(name, transport, attack, seen)
      assert.ok(!(seen.growth > MAX_GROWTH_BYTES), 'memory grew too far')
      assert.ok(seen.most <= MAX_CONNECTIONS + MORE_DESCRIPTORS, 'too many connections')
      if (!values.quick) assert.ok(seen.left <= MORE_DESCRIPTORS, 'connections were left open')
      assert.ok(seen.more <= MORE_DESCRIPTORS, 'descriptors were left open')
    }
  } finally {
    await server.stop()
  }
}
