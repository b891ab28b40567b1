/**
 * Does the response time reveal why a login was refused?
 *
 * Requests of each kind run in turn on one connection, so that other load on the machine affects
 * all alike. For each kind the table gives its median relative to that of an unknown client, and
 * the probability that one of its responses takes longer than one for an unknown client: 0.5
 * reveals nothing.
 */

import { Agent, request } from 'node:http'
import { parseArgs } from 'node:util'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { STORES } from './support/our-server.ts'
import { print } from './support/results.ts'
import { shuffled } from './support/shuffled.ts'

const ROUNDS = 3000
/** Failures are limited by address; each address is used for fewer than its burst. */
const ROUNDS_PER_ADDRESS = 25

interface Attempt {
  readonly client_id: string
  readonly client_secret: string
}

export async function refusals(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { store: { type: 'string', multiple: true, default: [...STORES] } },
  })
  for (const store of STORES.filter((one) => values.store.includes(one))) {
    print(store)
    const postgres = store === 'postgres' ? await startPostgres() : null
    try {
      await measure((await postgres?.createDatabase()) ?? null)
    } finally {
      await postgres?.stop()
    }
  }
}

async function measure(databaseUrl: string | null): Promise<void> {
  const server = await startServer({
    MIOT_LOG_LEVEL: 'silent',
    ...(databaseUrl !== null && { MIOT_DATABASE_URL: databaseUrl }),
  })
  try {
    const attempts = await prepare(server)
    const times = new Map(Object.keys(attempts).map((kind) => [kind, [] as number[]]))
    for (let round = 0; round < ROUNDS; round += ROUNDS_PER_ADDRESS) {
      const address = `127.0.${1 + Math.floor(round / 5000)}.${1 + ((round / ROUNDS_PER_ADDRESS) % 250)}`
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      await login(server, attempts.unknown(), agent, address) // Opens the connection.
      for (let turn = 0; turn < ROUNDS_PER_ADDRESS; turn++) {
        for (const [kind, make] of shuffled(Object.entries(attempts))) {
          const { status, microseconds } = await login(server, make(), agent, address)
          if (status !== 401) throw new Error(`${kind} was answered ${status}`)
          times.get(kind)?.push(microseconds)
        }
      }
      agent.destroy()
    }
    report(times)
  } finally {
    await server.stop()
  }
}

async function prepare(server: RunningServer) {
  const make = async (...options: string[]): Promise<Attempt> => {
    const made = await server.miot(['clients', 'create', '--name', 'x', '--json', ...options])
    return JSON.parse(made.stdout) as Attempt
  }
  const known = await make()
  const disabled = await make()
  await server.miot(['clients', 'disable', disabled.client_id])
  const ended = await make()
  await server.miot(['secrets', 'rotate', ended.client_id, '--overlap', '0'])
  const foreign = await make('--environment', 'production')
  const alphabet = 'abcdefghijklmnopqrstuvwxyz'
  const random = (): string =>
    Array.from({ length: 22 }, () => alphabet[Math.floor(Math.random() * 26)]).join('')
  const { client_secret } = foreign
  return {
    unknown: () => ({ client_id: `client_${random()}`, client_secret }),
    'wrong secret': () => ({ client_id: known.client_id, client_secret }),
    disabled: () => disabled,
    'ended secret': () => ended,
    foreign: () => ({ client_id: foreign.client_id, client_secret: known.client_secret }),
  }
}

function login(server: RunningServer, attempt: Attempt, agent: Agent, localAddress: string) {
  const { client_id, client_secret } = attempt
  const { audience, grant_type } = server.credentials
  const body = new URLSearchParams({ client_id, client_secret, audience, grant_type }).toString()
  return new Promise<{ status: number; microseconds: number }>((resolve, reject) => {
    const started = process.hrtime.bigint()
    const sent = request(
      `${server.url.replace('localhost', '127.0.0.1')}/oauth2/token`,
      {
        method: 'POST',
        agent,
        localAddress,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        response.resume()
        response.on('end', () => {
          const microseconds = Number(process.hrtime.bigint() - started) / 1000
          resolve({ status: response.statusCode ?? 0, microseconds })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function report(times: ReadonlyMap<string, readonly number[]>): void {
  const unknown = times.get('unknown') ?? []
  const rows = [...times].map(([kind, samples]) => ({
    kind,
    'median µs': Math.round(quantile(samples, 0.5)),
    'p90 µs': Math.round(quantile(samples, 0.9)),
    'beside unknown': (quantile(samples, 0.5) / quantile(unknown, 0.5)).toFixed(3),
    'takes longer': longerThan(samples, unknown).toFixed(3),
  }))
  console.table(rows)
}

function quantile(samples: readonly number[], part: number): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length * part)] ?? 0
}

/** The probability that a sample of one is greater than one of the other (Mann-Whitney U). */
function longerThan(one: readonly number[], other: readonly number[]): number {
  const all = [
    ...one.map((value) => ({ value, mine: true })),
    ...other.map((value) => ({ value, mine: false })),
  ].sort((a, b) => a.value - b.value)
  const ranks = all.reduce((sum, { mine }, index) => (mine ? sum + index + 1 : sum), 0)
  return (ranks - (one.length * (one.length + 1)) / 2) / (one.length * other.length)
}
