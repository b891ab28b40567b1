/**
 * How long a revoked token remains usable: from sending the call to the first 401 of the API, on
 * the called instance and on another one.
 *
 * The guarantee is a 99th percentile under a second. Run it with `--quick` for a few rounds, which
 * measure from the call's answer to the last request that was still accepted, so that requests may
 * take long on a busy machine; with `--rounds N` for another number, `--store sqlite` or `--store
 * postgres` for one store only.
 */

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Connection, openConnection } from '../conformance/support/connection.ts'
import { accessToken, asForm, createClient } from '../conformance/support/token-requests.ts'
import { summarize } from './support/summary.ts'
import { STORES, type StoreKind, startTwo, type TwoInstances } from './support/two-instances.ts'

const PROMISE_MS = 1000
const GIVE_UP_MS = 20_000
/** Between two requests to the API. */
const LOOK_EVERY_MS = 2

interface Victim {
  readonly client_id: string
  readonly client_secret: string
  readonly token: string
}

interface Call {
  readonly method?: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body?: string
}

const json = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** The ways a token ends. A new one is a new row. */
const WAYS: Readonly<Record<string, (victim: Victim, administrator: string) => Call>> = {
  'disable its client': ({ client_id }, administrator) => ({
    method: 'PATCH',
    path: `/admin/v1/clients/${client_id}`,
    ...withToken(administrator, json({ status: 'disabled' })),
  }),
  'revoke its client’s tokens': ({ client_id }, administrator) => ({
    path: `/admin/v1/clients/${client_id}/tokens/revoke`,
    ...withToken(administrator, json({})),
  }),
  'revoke the token': ({ client_id, client_secret, token }) => {
    const { headers = {}, body } = asForm({ client_id, client_secret, token })
    return { path: '/oauth2/revoke', headers: { ...headers } as never, body: String(body) }
  },
}

function withToken(token: string, call: { headers: Record<string, string>; body: string }) {
  return { ...call, headers: { ...call.headers, authorization: `Bearer ${token}` } }
}

/** Clients created in one request, each with a token that both instances have verified. */
async function makeVictims(
  count: number,
  connections: readonly Connection[],
  administrator: string,
  audience: string,
): Promise<Victim[]> {
  const [connection] = connections as [Connection]
  const line = JSON.stringify({ name: 'Victim', grants: [{ audience }] })
  const made = await connection.send({
    path: '/admin/v1/clients/bulk',
    headers: {
      authorization: `Bearer ${administrator}`,
      'content-type': 'application/x-ndjson',
    },
    body: Array.from({ length: count }, () => line).join('\n'),
  })
  assert.equal(made.status, 200, made.text)
  const victims: Victim[] = []
  for (const text of made.text.trim().split('\n')) {
    const { client, client_secret } = JSON.parse(text)
    const { client_id } = client
    const token = await accessToken(connection, {
      ...{ client_id, client_secret, audience, grant_type: 'client_credentials' },
    })
    for (const one of connections) assert.equal(await use(one, token), 200)
    victims.push({ client_id, client_secret, token })
  }
  return victims
}

async function use(connection: Connection, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` }
  return (await connection.send({ method: 'GET', path: '/v1/assets?limit=1', headers })).status
}

/** Both in milliseconds of `performance.now`. */
interface Refusal {
  /** When the first 401 arrived. */
  readonly refused: number
  /** When the last request was sent that was still accepted. */
  readonly lastAccepted: number
}

async function firstRefusal(connection: Connection, token: string): Promise<Refusal> {
  const start = performance.now()
  let lastAccepted = start
  for (;;) {
    const sent = performance.now()
    const status = await use(connection, token)
    const now = performance.now()
    if (status === 401) return { refused: now, lastAccepted }
    assert.equal(status, 200)
    assert.ok(now - start < GIVE_UP_MS, 'the token still works')
    lastAccepted = sent
    await sleep(LOOK_EVERY_MS)
  }
}

/** One table row for each way and each instance; false if a guarantee is broken. */
async function measure(store: StoreKind, rounds: number): Promise<boolean> {
  const pair = await startTwo(store)
  const watching = [openConnection(pair.first.url), openConnection(pair.second.url)] as const
  const calling = [openConnection(pair.first.url), openConnection(pair.second.url)] as const
  try {
    const administrator = await administratorOf(pair, calling[0])
    const { audience } = pair.first.credentials
    let kept = true
    for (const [way, callFor] of Object.entries(WAYS)) {
      const victims = await makeVictims(rounds, watching, administrator, audience)
      const same: number[] = []
      const other: number[] = []
      for (const [index, victim] of victims.entries()) {
        // The called instance alternates between rounds.
        const called = index % 2 === 0 ? 0 : 1
        const start = performance.now()
        const call = { method: 'POST', ...callFor(victim, administrator) }
        const answered = calling[called]
          .send(call)
          .then((answer) => ({ answer, at: performance.now() }))
        const seen = watching.map((one) => firstRefusal(one, victim.token))
        const [{ answer, at }, here, there] = await Promise.all([
          answered,
          seen[called],
          seen[1 - called],
        ])
        assert.equal(answer.status, 200, answer.text)
        const latency = ({ refused, lastAccepted }: Refusal): number =>
          values.quick ? Math.max(0, lastAccepted - at) : refused - start
        same.push(latency(here as Refusal))
        other.push(latency(there as Refusal))
      }
      for (const [place, samples] of Object.entries({
        'same instance': same,
        'the other': other,
      })) {
        kept = report(store, way, place, samples) && kept
      }
    }
    return kept
  } finally {
    for (const connection of [...watching, ...calling]) connection.close()
    await pair.stop()
  }
}

async function administratorOf({ first }: TwoInstances, connection: Connection): Promise<string> {
  const client = await createClient(first, '--audience', `${first.url}/admin/v1`)
  return accessToken(connection, client)
}

function report(store: string, way: string, place: string, samples: readonly number[]): boolean {
  const { count, p50, p99, max } = summarize(samples)
  const kept = p99 < PROMISE_MS
  const ms = (value: number): string => `${value.toFixed(0)} ms`.padStart(8)
  process.stdout.write(
    `${store.padEnd(9)} ${way.padEnd(27)} ${place.padEnd(14)} ${String(count).padStart(4)} rounds  ` +
      `p50 ${ms(p50)}  p99 ${ms(p99)}  max ${ms(max)}  ${kept ? 'kept' : `BROKEN: ${PROMISE_MS} ms`}\n`,
  )
  return kept
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    store: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.quick ? 5 : 200))
const stores = STORES.filter((store) => values.store === undefined || values.store === store)
let kept = stores.length > 0
for (const store of stores) kept = (await measure(store, rounds)) && kept
process.exitCode = kept ? 0 : 1
