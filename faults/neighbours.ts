/**
 * One client of a tenant sends the most expensive requests, ten times a second, while another
 * tenant logs in and reports.
 *
 * Guarantee: the p99 of the other tenant's logins stays below twice its value without the attack,
 * under each attack of `support/attacks.ts` by itself and under all of them together, on each
 * store; every attack gets an expected response. Rounds with and without the attack alternate,
 * three of each; the output shows the medians.
 *
 * `--quick` measures no time: it counts how many of sixteen concurrent attacks are answered before
 * a login. `--rounds N`, `--seconds N`, `--store sqlite|postgres`, `--only PART` of an attack's
 * name.
 */

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type Connection, openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken, asJson, createClient } from '../conformance/support/token-requests.ts'
import { report, track, trackBatch } from '../conformance/support/track-requests.ts'
import { type Answers, type Attacker, startAttacker } from './support/attacker.ts'
import { ATTACKS, type Attack, seeds } from './support/attacks.ts'
import { summarize } from './support/summary.ts'
import { STORES, type StoreKind } from './support/two-instances.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    store: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})
const ROUNDS = Number(values.rounds)
const SECONDS = Number(values.seconds)
const A_SECOND = 10
const LOGIN_EVERY_MS = 20
const MAX_RATIO = 2

const NAMES = Object.keys(ATTACKS).filter((name) => name.includes(values.only))

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Latencies {
  readonly logins: number[]
  readonly reports: number[]
}

interface Neighbour {
  /** Logs in and reports at a steady pace. */
  work(seconds: number): Promise<Latencies>
  login(): Promise<void>
  close(): void
}

async function timed(latencies: number[], work: Promise<unknown>): Promise<void> {
  const at = performance.now()
  await work
  latencies.push(performance.now() - at)
}

/**
 * Sends at fixed times, however long responses take: waiting for a late one would hide that others
 * are late.
 */
async function atPace(seconds: number, send: () => Promise<void>): Promise<void> {
  const began = performance.now()
  const underWay: Promise<void>[] = []
  for (let sent = 0; sent * LOGIN_EVERY_MS < seconds * 1000; sent++) {
    const inMs = began + sent * LOGIN_EVERY_MS - performance.now()
    if (inMs > 0) await wait(inMs)
    underWay.push(send())
  }
  await Promise.all(underWay)
}

async function neighbourAt(server: RunningServer): Promise<Neighbour> {
  const credentials = await createClient(server, '--environment', 'production')
  // Its logins do not wait for its reports.
  const [logins, reports] = [openConnection(server.url, 32), openConnection(server.url, 128)]
  const token = await accessToken(logins, credentials)
  async function login(): Promise<void> {
    const message = asJson(credentials)
    const answer = await logins.send({ path: '/api/v1/login', ...message })
    assert.equal(answer.status, 200, answer.text)
  }
  async function send(): Promise<void> {
    const answer = await track(reports, token, report('neighbour'))
    assert.equal(answer.status, 200, answer.text)
  }
  return {
    login,
    async work(seconds) {
      const all: Latencies = { logins: [], reports: [] }
      await Promise.all([
        atPace(seconds, () => timed(all.logins, login())),
        atPace(seconds, () => timed(all.reports, send())),
      ])
      return all
    },
    close() {
      logins.close()
      reports.close()
    },
  }
}

/** Every response is one that the attack should get. */
function assertAnswered(answers: Answers): void {
  for (const [name, counts] of Object.entries(answers)) {
    const expected = [...(ATTACKS[name]?.answers ?? []), 429].map(String)
    for (const status of Object.keys(counts)) {
      assert.ok(expected.includes(status), `${name}: ${status}`)
    }
  }
}

const sumOf = (answers: Answers): string => {
  const sums: Record<string, number> = {}
  for (const [status, count] of Object.values(answers).flatMap(Object.entries)) {
    sums[status] = (sums[status] ?? 0) + count
  }
  return Object.entries(sums)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ')
}

interface Round {
  readonly alone: Latencies
  readonly attacked: Latencies
}

interface Row {
  readonly name: string
  readonly rounds: Round[]
  /** The responses of the last round. */
  answers: string
}

const p99 = (latencies: readonly number[]): number => summarize(latencies).p99

/**
 * The median of the rounds: another process that uses the disk or the processor for a second spoils
 * only one of them.
 */
const median = ({ rounds }: Row, of: (round: Round) => number): number =>
  summarize(rounds.map(of)).p50

const ratioOf = (row: Row): number =>
  median(row, ({ alone, attacked }) => p99(attacked.logins) / p99(alone.logins))

function line(row: Row): string {
  const ms = (when: keyof Round, what: keyof Latencies): string =>
    median(row, (round) => p99(round[when][what])).toFixed(1)
  const cells = [
    ...[row.name, ms('alone', 'logins'), ms('attacked', 'logins'), ratioOf(row).toFixed(2)],
    ...[`${ms('alone', 'reports')} → ${ms('attacked', 'reports')}`, row.answers],
  ]
  return `| ${cells.join(' | ')} |`
}

/** Without and with the attack in turn, so that other load on the machine affects both. */
async function measure(
  name: string,
  names: readonly string[],
  neighbour: Neighbour,
  attacker: Attacker,
): Promise<Row> {
  const row: Row = { name, rounds: [], answers: '' }
  for (let round = 0; round < ROUNDS; round++) {
    const alone = await neighbour.work(SECONDS)
    const stop = attacker.attack({ names, aSecond: A_SECOND })
    const attacked = await neighbour.work(SECONDS)
    row.rounds.push({ alone, attacked })
    const answers = await stop()
    assertAnswered(answers)
    row.answers = sumOf(answers)
  }
  return row
}

async function atLength(neighbour: Neighbour, attacker: Attacker): Promise<void> {
  // Runs once before, so that the code is compiled.
  await neighbour.work(1)
  await attacker.attack({ names: NAMES, aSecond: A_SECOND })()
  print('| attack | login p99 alone, ms | attacked, ms | ratio | report p99, ms | answers |')
  print('|---|---|---|---|---|---|')
  const rows: Row[] = []
  const all: [string, string[]][] = [['all of them', NAMES]]
  for (const [name, names] of [...NAMES.map((one) => [one, [one]] as const), ...all]) {
    const row = await measure(name, names, neighbour, attacker)
    print(line(row))
    rows.push(row)
  }
  const slow = rows.filter((row) => ratioOf(row) >= MAX_RATIO).map(({ name }) => name)
  assert.deepEqual(
    slow,
    [],
    `login p99 of the other tenant is at least ${MAX_RATIO} × its value without the attack`,
  )
}

/** Concurrent requests of attacks that run in slices; fewer than may wait for a chart. */
const AT_ONCE = 16
/** Concurrent requests of the others, of which only the response is checked. */
const A_FEW = 2
/** There is room for nine batches; without slices, all of them are answered before the login. */
const MOST_BEFORE_LOGIN = 6

/** Counts the attacks answered between the first of them and a login sent at the same time. */
async function answeredBeforeLogin(
  { answers, request, sliced }: Attack,
  connection: Connection,
  token: string,
  neighbour: Neighbour,
): Promise<number> {
  let answered = 0
  const first = Promise.withResolvers<void>()
  const attacks = Array.from({ length: sliced ? AT_ONCE : A_FEW }, async () => {
    const { headers, ...rest } = request()
    const sent = { ...rest, headers: { ...headers, authorization: `Bearer ${token}` } }
    const { status, text } = await connection.send(sent)
    // There may not be room for all batches.
    if (status === 429) return
    assert.ok(answers.includes(status), `${status} ${text}`)
    answered++
    first.resolve()
  })
  await Promise.race([first.promise, Promise.all(attacks)])
  const before = answered
  await neighbour.login()
  const beforeLogin = answered - before
  await Promise.all(attacks)
  return beforeLogin
}

/** Sliced work must not run to its end while a login waits. */
async function quickly(server: RunningServer, token: string, neighbour: Neighbour): Promise<void> {
  const connection = openConnection(server.url, AT_ONCE)
  for (const name of NAMES) {
    const attack = ATTACKS[name] as Attack
    const answered = await answeredBeforeLogin(attack, connection, token, neighbour)
    if (!attack.sliced) continue
    print(`  ${name}: ${answered} of ${AT_ONCE} answered while another tenant logged in`)
    assert.ok(answered <= MOST_BEFORE_LOGIN, `${name}: the login waited for ${answered}`)
  }
  connection.close()
}

async function seed(server: RunningServer, token: string): Promise<void> {
  const connection = openConnection(server.url)
  for (const items of seeds()) {
    const answer = await trackBatch(connection, token, `[${items}]`)
    assert.match(answer.text, /^\{"status":"success"/)
  }
  connection.close()
}

async function neighbours(store: StoreKind): Promise<void> {
  const postgres = store === 'postgres' ? await startPostgres() : null
  const url = await postgres?.createDatabase()
  // With --quick, refusals of large bodies in sum would hide the slices.
  const budget = values.quick && { MIOT_API_CLIENT_CPU: '0' }
  const settings = { MIOT_LOG_LEVEL: 'silent', ...budget, ...(url && { MIOT_DATABASE_URL: url }) }
  const server = await startServer(settings)
  try {
    const connection = openConnection(server.url)
    const token = await accessToken(connection, server.credentials)
    connection.close()
    await seed(server, token)
    const neighbour = await neighbourAt(server)
    const attacker = startAttacker({ url: server.url, token })
    print(`\n${store}`)
    try {
      if (values.quick) await quickly(server, token, neighbour)
      else await atLength(neighbour, attacker)
    } finally {
      await attacker.end()
      neighbour.close()
    }
  } finally {
    await server.stop()
    await postgres?.stop()
  }
}

const stores = STORES.filter((store) => values.store === undefined || values.store === store)
assert.ok(stores.length > 0, `--store is one of ${STORES.join(', ')}`)
assert.ok(NAMES.length > 0, `no attack has ${values.only} in its name`)
for (const store of stores) await neighbours(store)
