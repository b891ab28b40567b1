/**
 * The SDK against the real server: a buffered report is stored once, whatever happens on the way.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, type Report } from '@modulariot/sdk'
import { type RunningServer, startServer } from './support/running-server.ts'

let server: RunningServer

before(async () => {
  server = await startServer()
})
after(() => server.stop())

/** @param lost decides for each response whether it is lost. */
function client(lost: (path: string) => boolean = () => false) {
  const { client_id, client_secret, audience } = server.credentials
  return createClient({
    ...{ token_endpoint: `${server.url}/api/v1/login`, client_id, client_secret, audience },
    apiUrl: server.url,
    async fetch(input, init) {
      const response = await fetch(input, init)
      if (!lost(new URL(String(input)).pathname)) return response
      await response.body?.cancel()
      throw new TypeError('fetch failed')
    },
  })
}

const timestamp = new Date().toISOString()
const reading = (n: number) => ({ asset_id: `SDK-${n % 7}`, timestamp, telecom: { n } })

describe('a buffer', () => {
  it('delivers each report once, though every second response is lost', async () => {
    let answers = 0
    const refused: Report[] = []
    const buffer = client((path) => {
      if (!path.startsWith('/v1/asset/track')) return false
      answers += 1
      return answers % 2 === 1
    }).assets.buffer({
      maxBatchItems: 10,
      maxDelayMs: 0,
      backoff: { baseMs: 1, maxMs: 1 },
      onRefused: (report) => refused.push(report),
    })
    const sent = []
    for (let n = 0; n < 30; n += 1) {
      const { request_id } = await buffer.push(reading(n))
      sent.push({ ...reading(n), idempotency_key: request_id })
    }
    assert.equal(await buffer.close({ deadlineMs: 30_000 }), 0)
    assert.deepEqual(refused, [])
    // A stored report is a replay when it is sent again alone.
    const again = await Promise.all(sent.map((report) => client().assets.track(report)))
    assert.ok(again.every(({ replayed }) => replayed))
  })

  it('drops only reports that the server refuses', async () => {
    const refused: string[] = []
    const buffer = client().assets.buffer({
      onRefused: (report, error) => refused.push(`${report.request_id} ${error.name}`),
    })
    const { request_id } = await client().assets.track(reading(100), { requestId: 'taken' })
    assert.equal(request_id, 'taken')
    const taken = { ...reading(107), idempotency_key: 'taken' }
    for (const data of [reading(102), taken, reading(103)]) await buffer.push(data)
    assert.equal(await buffer.close({ deadlineMs: 30_000 }), 0)
    assert.deepEqual(refused, ['taken RefusedError'])
  })
})
