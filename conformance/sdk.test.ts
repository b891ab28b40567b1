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

describe('reading', () => {
  async function all<Entry>(entries: AsyncIterable<Entry>): Promise<Entry[]> {
    const found: Entry[] = []
    for await (const entry of entries) found.push(entry)
    return found
  }

  it('pages through assets, positions, metrics and events by itself, and summarizes a metric', async () => {
    const miot = client()
    const asset_id = 'READ/1 ä'
    const at = (n: number) => new Date(Date.parse(timestamp) - 1000 * n).toISOString()
    const buffer = miot.assets.buffer()
    const COUNT = 1100
    for (let n = 0; n < COUNT; n += 1) {
      await buffer.push({
        ...{ asset_id, timestamp: at(n), gps: { latitude: -33, longitude: n / 100 } },
        ...(n < 3 && {
          metrics: {
            schema: 'miot.metrics@1.0',
            items: [{ k: 'engine.rpm', v: 1000 + n, u: 'rpm' }],
          },
          events: [{ event_type: 'stop', timestamp: at(n) }],
        }),
      })
    }
    assert.equal(await buffer.close({ deadlineMs: 60_000 }), 0)
    const ids = (await all(miot.assets.list({ search: 'READ/' }))).map((asset) => asset.asset_id)
    assert.deepEqual(ids, [asset_id])
    assert.equal((await miot.assets.get(asset_id))?.timestamp, at(0))
    assert.equal(await miot.assets.get('READ/none'), null)
    const positions = await all(miot.assets.positions(asset_id))
    assert.equal(new Set(positions.map((one) => one.timestamp)).size, COUNT)
    const from = new Date(at(1))
    assert.equal((await all(miot.assets.positions(asset_id, { from }))).length, 2)
    const rpm = await all(miot.assets.metrics(asset_id, { key: 'engine.rpm', order: 'asc' }))
    assert.deepEqual(
      rpm.map(({ value }) => value),
      [1002, 1001, 1000],
    )
    assert.equal((await all(miot.assets.metrics(asset_id))).length, 1)
    const chart = { key: 'engine.rpm', bucket: '1s', from: at(2), to: at(-1) } as const
    const buckets = await miot.assets.buckets(asset_id, chart)
    assert.deepEqual(
      buckets.map(({ start, count, first, max }) => [Date.parse(start) % 1000, count, first, max]),
      [1002, 1001, 1000].map((rpm) => [0, 1, rpm, rpm]),
    )
    await assert.rejects(miot.assets.buckets('READ/none', chart), { status: 404 })
    const tooFine = miot.assets.buckets(asset_id, { ...chart, from: new Date(0) })
    await assert.rejects(tooFine, /^RefusedError: .* bucket must be at least/)
    assert.equal((await all(miot.assets.events({ asset_id, type: 'stop' }))).length, 3)
    assert.ok((await all(miot.assets.events())).length >= 3)
  })

  it('streams new reports, and reconnects where it was when the network breaks', async () => {
    const connections: AbortController[] = []
    const { client_id, client_secret, audience } = server.credentials
    const miot = createClient({
      ...{ token_endpoint: `${server.url}/api/v1/login`, client_id, client_secret, audience },
      apiUrl: server.url,
      async fetch(input, init) {
        if (!String(input).includes('/stream')) return fetch(input, init)
        const connection = new AbortController()
        connections.push(connection)
        const signal = AbortSignal.any([init?.signal as AbortSignal, connection.signal])
        return fetch(input, { ...init, signal })
      },
    })
    const first = await miot.assets.track({ asset_id: 'LIVE', telecom: { n: 0 } })
    assert.equal(first.replayed, false)
    const seen: unknown[] = []
    const live = miot.assets.stream({ asset_id: 'LIVE', after: '0' })
    for await (const { asset_id, report } of live) {
      assert.equal(asset_id, 'LIVE')
      seen.push(report.telecom)
      if (seen.length === 3) break
      connections.at(-1)?.abort(new Error('the network broke'))
      await client().assets.track({ asset_id: 'LIVE', telecom: { n: seen.length } })
    }
    assert.deepEqual(seen, [{ n: 0 }, { n: 1 }, { n: 2 }])
    assert.ok(connections.length >= 2)
  })
})
