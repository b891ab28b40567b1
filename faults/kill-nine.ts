/**
 * `kill -9` under load, repeatedly: single reports and batches arrive over many connections, the
 * server is killed and started again on the same data, and every request without a response is sent
 * again.
 *
 * Guarantee: no acknowledged report is lost, none is stored twice, none is incomplete. 50 times on
 * each store; `--quick` 2, `--rounds N` for another number, `--store sqlite|postgres` for one only.
 */

import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type Connection, openConnection } from '../conformance/support/connection.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import { accessToken } from '../conformance/support/token-requests.ts'
import { track, trackBatch } from '../conformance/support/track-requests.ts'
import { faultReport, requestName, storedRequests } from './support/stored-requests.ts'
import { STORES, type StoreKind } from './support/two-instances.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    store: { type: 'string' },
  },
})
const ROUNDS = Number(values.rounds ?? (values.quick ? 2 : 50))
const SENDERS = 16
/** After this many requests of a sender, one is a batch of this many items. */
const BATCH_EVERY = 5
const BATCH_ITEMS = 20

const print = (text: string): void => void process.stdout.write(`${text}\n`)

interface Sending {
  readonly request_id: string
  readonly body: object | readonly object[]
}

interface Round {
  readonly acknowledged: Sending[]
  readonly unanswered: Sending[]
}

let sendings = 0

function nextSending(): Sending {
  const index = sendings++
  const request_id = `request-${index}`
  const asset_id = `asset-${index % 100}`
  if (index % BATCH_EVERY > 0) return { request_id, body: faultReport(asset_id) }
  return { request_id, body: Array.from({ length: BATCH_ITEMS }, () => faultReport(asset_id)) }
}

/** @throws AssertionError for a response other than success; the error of a broken connection. */
async function send(connection: Connection, token: string, { request_id, body }: Sending) {
  const headers = { 'x-request-id': request_id }
  const sent = Array.isArray(body)
    ? await trackBatch(connection, token, body, headers)
    : await track(connection, token, body, headers)
  assert.equal(sent.status, 200, sent.text)
  assert.doesNotMatch(sent.text, /error/, 'each item was stored')
  return sent
}

/** Sends until the server is killed, which happens after a number of acknowledgements. */
async function loadAndKill(server: RunningServer, token: string, after: number): Promise<Round> {
  const round: Round = { acknowledged: [], unanswered: [] }
  const connection = openConnection(server.url, SENDERS)
  let killed: Promise<void> | null = null
  async function keepSending(): Promise<void> {
    while (killed === null) {
      const sending = nextSending()
      try {
        await send(connection, token, sending)
        round.acknowledged.push(sending)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        round.unanswered.push(sending)
      }
      if (round.acknowledged.length === after) killed ??= server.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, keepSending))
  await killed
  connection.close()
  return round
}

/** The place of a store, and the client that reports to it. */
interface Where {
  readonly place: string
  readonly client_id: string
}

/**
 * The store holds everything of `acknowledged`, once and complete; besides that only parts of
 * `possible`.
 */
async function assertWhole(
  { place, client_id }: Where,
  acknowledged: readonly Sending[],
  possible: readonly Sending[],
): Promise<number> {
  const namesOf = ({ request_id, body }: Sending): string[] => {
    const items = Array.isArray(body) ? body.length : 1
    return Array.from({ length: items }, (_, item) => requestName(client_id, request_id, item))
  }
  const { requests, reports } = await storedRequests(place)
  const there = new Set(requests)
  const lost = acknowledged.flatMap(namesOf).filter((name) => !there.has(name))
  assert.deepEqual(lost, [], 'no acknowledged report is lost')
  for (const name of [...acknowledged, ...possible].flatMap(namesOf)) there.delete(name)
  assert.deepEqual([...there], [], 'the store holds nothing that was not sent')
  const half = reports.filter((one) => one.positions !== 1 || one.metrics !== 1 || one.events !== 1)
  assert.deepEqual(half, [], 'nothing is half there')
  return reports.length
}

async function killAgainAndAgain(store: StoreKind): Promise<void> {
  const postgres = store === 'postgres' ? await startPostgres() : null
  const url = await postgres?.createDatabase()
  const settings = { MIOT_LOG_LEVEL: 'silent', ...(url && { MIOT_DATABASE_URL: url }) }
  const server = await startServer(settings)
  try {
    const connection = openConnection(server.url, SENDERS)
    const token = await accessToken(connection, server.credentials)
    const where = { place: url ?? server.dataDir, client_id: server.credentials.client_id }
    const acknowledged: Sending[] = []
    let unanswered = 0
    let known = 0
    for (let round = 0; round < ROUNDS; round++) {
      const result = await loadAndKill(server, token, 50 + ((round * 37) % 150))
      acknowledged.push(...result.acknowledged)
      await assertWhole(where, acknowledged, result.unanswered)
      await server.restart()
      // Sent again, as a client without a response does; a replay shows that it had been stored.
      const before = await Promise.all(result.unanswered.map((one) => send(connection, token, one)))
      known += before.filter(({ headers }) => headers['idempotent-replay'] === 'true').length
      unanswered += result.unanswered.length
      acknowledged.push(...result.unanswered)
      await assertWhole(where, acknowledged, [])
    }
    const rows = await assertWhole(where, acknowledged, [])
    connection.close()
    print(`${store}: killed ${ROUNDS} times; ${acknowledged.length} requests, ${rows} observations`)
    print(`  ${unanswered} had no response; ${known} of them were stored, and not stored again`)
    print('  lost 0, duplicated 0, incomplete 0')
  } finally {
    await server.stop()
    await postgres?.stop()
  }
}

for (const store of STORES) {
  if (values.store === undefined || values.store === store) await killAgainAndAgain(store)
}
