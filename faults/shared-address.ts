/**
 * A fleet behind one address (a NAT), and a neighbour there that guesses 980 times a second, then
 * as often as it can.
 *
 * Guarantee: every device that has authenticated from there gets its tokens during the guesses, by
 * a secret and by a signature, over connections of its own, and none is refused; the neighbour is
 * refused once its budget is spent. The output compares the CPU time of a guess with that of one
 * from an address without known clients, which is refused before its body is read.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  ASSERTION_TYPE,
  createKeyClient,
  signAssertion,
} from '../conformance/support/key-client.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })

const FLEET_ADDRESS = '127.0.0.2'
const STRANGE_ADDRESS = '127.0.0.3'
const DEVICES = values.quick ? 20 : 100
const GUESSES_PER_SECOND = 980
const CONNECTIONS = 16
/** The ceiling allows a burst of 3,000 failures, and 50 more a second. */
const WARM_UP = 3500
const MAX_WARM_UPS = 20
const GUESSES = values.quick ? 2000 : 10_000
const TICK_MS = 20

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** The parameters of a login; a signature is new each time. */
type Credentials = () => Promise<Record<string, string>>

const server = await startServer({ MIOT_LOG_LEVEL: 'silent' })
const guessers = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
try {
  const fleet = await createFleet(server)
  assert.deepEqual(await loginAll(fleet), { 200: fleet.length })
  const rounds = await strangers()
  await neighbour(fleet, rounds)
} finally {
  guessers.destroy()
  await server.stop()
}

async function createFleet(running: RunningServer): Promise<Credentials[]> {
  const { audience, grant_type } = running.credentials
  const lines = Array.from({ length: DEVICES }, (_, index) =>
    JSON.stringify({ name: `Device ${index}`, external_id: `d${index}`, grants: [{ audience }] }),
  )
  const made = await running.miot(['clients', 'import', '-', '--json'], { input: lines.join('\n') })
  assert.equal(made.status, 0, made.stderr)
  const secrets = made.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ client_secret }) => client_secret !== undefined)
    .map(({ client, client_secret }) => async () => ({
      ...{ grant_type, audience, client_secret, client_id: client.client_id },
    }))
  assert.equal(secrets.length, DEVICES)
  const signer = await createKeyClient(running, 'ES256')
  const signature = async () => ({
    ...{ grant_type, audience, client_assertion_type: ASSERTION_TYPE },
    client_assertion: await signAssertion(signer, running.url),
  })
  return [...secrets, signature]
}

/** @returns the status, and which limit refused it. */
function login(
  body: Record<string, string>,
  localAddress: string,
  agent: Agent | false,
): Promise<{ status: number; policy: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; policy: string }>()
  const outgoing = request({
    ...{ agent, localAddress, family: 4, host: 'localhost', port: new URL(server.url).port },
    ...{ method: 'POST', path: '/api/v1/login' },
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  outgoing.on('error', reject)
  outgoing.once('response', (incoming) => {
    incoming.resume()
    const policy = String(incoming.headers['ratelimit-policy'] ?? '')
    incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, policy }))
  })
  outgoing.end(new URLSearchParams(body).toString())
  return promise
}

/** Logs each device in once, over a connection of its own; counts the statuses. */
async function loginAll(fleet: readonly Credentials[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (const credentials of fleet) {
    const { status } = await login(await credentials(), FLEET_ADDRESS, false)
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

function guess(from: string): Promise<{ status: number; policy: string }> {
  const client_id = `client_${Math.random().toString(36).slice(2)}`
  // A secret of another client, so that it is not refused for its form.
  return login({ ...server.credentials, client_id }, from, guessers)
}

/** Guesses as fast as the server answers. */
async function guessMany(from: string, count: number): Promise<Map<string, number>> {
  const seen = new Map<string, number>()
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const { status, policy } = await guess(from)
      const kind = `${status}${policy.includes('ceiling') ? ' before the body' : ''}`
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return seen
}

/**
 * User and system time of the server's process so far, in milliseconds; its clock ticks 100 times a
 * second.
 */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${server.pid()}/stat`, 'utf8').split(') ')[1]?.split(' ')
  return (Number(fields?.[11]) + Number(fields?.[12])) * 10
}

async function costOf(from: string): Promise<ReadonlyMap<string, number>> {
  const before = cpuMs()
  const seen = await guessMany(from, GUESSES)
  const microseconds = ((cpuMs() - before) * 1000) / GUESSES
  print(`  ${GUESSES} guesses from ${from}: ${microseconds.toFixed(0)} µs of CPU time each`)
  print(`    ${[...seen].map(([kind, count]) => `${count} × ${kind}`).join(', ')}`)
  return seen
}

/** @returns after how many rounds of guesses the ceiling was reached. */
async function strangers(): Promise<number> {
  const refusedEarly = (seen: Map<string, number>) => (seen.get('429 before the body') ?? 0) > 0
  let rounds = 1
  while (!refusedEarly(await guessMany(STRANGE_ADDRESS, WARM_UP))) {
    assert.ok(++rounds <= MAX_WARM_UPS, 'no guess was refused before its body was read')
  }
  await costOf(STRANGE_ADDRESS)
  return rounds
}

async function neighbour(fleet: readonly Credentials[], rounds: number): Promise<void> {
  await guessMany(FLEET_ADDRESS, (rounds + 1) * WARM_UP)
  const seen = await costOf(FLEET_ADDRESS)
  assert.ok((seen.get('429') ?? 0) > 0, 'the guesses are refused')
  for (const rate of [GUESSES_PER_SECOND, Number.POSITIVE_INFINITY]) {
    const end = new AbortController()
    const guessing = rate === Number.POSITIVE_INFINITY ? flatOut(end.signal) : paced(end.signal)
    const started = performance.now()
    const counts = await loginAll(fleet)
    const seconds = (performance.now() - started) / 1000
    end.abort()
    const guesses = await guessing
    print(`  ${fleet.length} devices during ${(guesses / seconds).toFixed(0)} guesses a second:`)
    print(`    ${Object.entries(counts).map(([status, count]) => `${count} × ${status}`)}`)
    assert.deepEqual(counts, { 200: fleet.length })
  }
}

async function flatOut(end: AbortSignal): Promise<number> {
  let sent = 0
  const one = async (): Promise<void> => {
    while (!end.aborted) {
      sent++
      await guess(FLEET_ADDRESS)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return sent
}

/** This many per second on average, however long the responses take. */
async function paced(end: AbortSignal): Promise<number> {
  const started = performance.now()
  const answers: Promise<unknown>[] = []
  while (!end.aborted) {
    const due = ((performance.now() - started) / 1000) * GUESSES_PER_SECOND
    while (answers.length < due) answers.push(guess(FLEET_ADDRESS))
    await sleep(TICK_MS)
  }
  await Promise.all(answers)
  return answers.length
}
