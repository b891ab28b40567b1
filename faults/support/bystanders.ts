/** Other clients of an overloaded server, which expect responses. */

import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import {
  type Answer,
  type Connection,
  openConnection,
} from '../../conformance/support/connection.ts'
import type { RunningServer } from '../../conformance/support/running-server.ts'
import { asJson } from '../../conformance/support/token-requests.ts'
import { get, track } from '../../conformance/support/track-requests.ts'
import { faultReport } from './stored-requests.ts'

/** How long each response took, milliseconds. */
export type Latencies = Readonly<Record<string, number[]>>

const EVERY_MS = 50

type Send = (connection: Connection, token: string, server: RunningServer) => Promise<Answer>

/** A new one is a new row. */
const BYSTANDERS: Readonly<Record<string, Send>> = {
  'a login': (connection, _, { credentials }) =>
    connection.send({ path: '/api/v1/login', ...asJson(credentials) }),
  'a read': (connection, token) => get(connection, token, '/v1/assets?limit=1'),
  '/livez': (connection) => connection.send({ method: 'GET', path: '/livez' }),
  'a single report': (connection, token) => track(connection, token, faultReport('bystander')),
}

/** Each sends requests until aborted; every response must be a success. */
export async function standBy(
  server: RunningServer,
  token: string,
  over: AbortSignal,
): Promise<Latencies> {
  const sending = Object.entries(BYSTANDERS).map(async ([name, send]) => {
    const connection = openConnection(server.url)
    const latencies: number[] = []
    while (!over.aborted) {
      const at = performance.now()
      const { status, text } = await send(connection, token, server)
      assert.equal(status, 200, `${name}: ${text}`)
      latencies.push(performance.now() - at)
      await wait(EVERY_MS)
    }
    connection.close()
    return [name, latencies] as const
  })
  return Object.fromEntries(await Promise.all(sending))
}
