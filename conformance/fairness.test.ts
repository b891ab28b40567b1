/**
 * Limits on the cost of one client: values are counted before parsing, and a client that uses more
 * processor time than it may gets 429, while its small reports and all other clients are served.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import {
  assertApiError,
  assetIds,
  get,
  report,
  SUCCESS,
  track,
  trackBatch,
} from './support/track-requests.ts'

const MAX_VALUES = 10_000
const MAX_BATCH_VALUES = 100_000
const GZIP = { 'content-encoding': 'gzip' } as const

let server: RunningServer
let connection: Connection
let token: string

before(async () => {
  server = await startServer({ MIOT_API_CLIENT_CPU: '0' })
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
})
after(async () => {
  connection.close()
  await server.stop()
})

/** A report with this many values: itself, its two members, `own`, and the content of `own`. */
const ofValues = (count: number, asset_id = 'VALUES') => ({
  ...report(asset_id),
  own: Array(count - 4).fill(0),
})

const half = (unit: string): string =>
  Array(512 * 1024)
    .fill(unit)
    .join(',')

/** Each is valid JSON of about a mebibyte at most, and a few kilobytes of gzip. */
const TOO_MANY: Readonly<Record<string, (head: string) => string>> = {
  numbers: (head) => `${head},"own":[${half('0').slice(0, 1_000_000)}]}`,
  'empty arrays': (head) => `${head},"own":[${half('[]').slice(0, 1_000_001)}]}`,
  'arrays 29 deep': (head) =>
    `${head},"own":[${Array(17_000).fill('['.repeat(29) + ']'.repeat(29))}]}`,
  'members of one name': (head) => `${head},"own":{${Array(150_000).fill('"a":1')}}}`,
  events: (head) => `${head},"events":[${Array(340_000).fill('{}')}]}`,
  capabilities: (head) => `${head},"metrics":{"capabilities":[${Array(500_000).fill(0)}]}}`,
  meta: (head) =>
    `${head},"metrics":{"items":[{"k":"x.a","v":1,"meta":{"a":[${Array(500_000).fill(0)}]}}]}}`,
}

describe('a report', () => {
  it(`holds up to ${MAX_VALUES} values`, async () => {
    const most = await track(connection, token, ofValues(MAX_VALUES))
    assert.deepEqual([most.status, most.json()], [200, SUCCESS])
    const { detail } = assertApiError(await track(connection, token, ofValues(MAX_VALUES + 1)), 400)
    assert.match(detail, /more than 10000 values/)
  })

  for (const [name, text] of Object.entries(TOO_MANY)) {
    it(`is refused for too many ${name}, compressed, in a batch and as a line`, async () => {
      const body = text(JSON.stringify(report('REFUSED')).slice(0, -1))
      const { detail } = assertApiError(await track(connection, token, gzipSync(body), GZIP), 400)
      assert.match(detail, /more than 10000 values/)
      const batch = gzipSync(`[${body},${JSON.stringify(report('KEPT'))}]`)
      const line = gzipSync(`${body}\n${JSON.stringify(report('KEPT'))}`)
      for (const [sent, more] of [
        [batch, GZIP],
        [line, { ...GZIP, 'content-type': 'application/x-ndjson' }],
      ] as const) {
        const { results } = (await trackBatch(connection, token, sent, more)).json()
        const [refused, kept] = results as { code: number; detail?: string }[]
        assert.deepEqual([refused?.code, kept?.code], [400, 200])
        assert.match(String(refused?.detail), /more than 10000 values/)
      }
      assert.ok(!(await assetIds(connection, token)).includes('REFUSED'))
    })
  }

  it('holds metric values of up to 1,024 values each', async () => {
    const withValue = (v: unknown) => ({
      ...report('VALUES'),
      metrics: { schema: 'miot.metrics@1.0', items: [{ k: 'x.samples', v }] },
    })
    assert.equal((await track(connection, token, withValue(Array(1024).fill(0)))).status, 200)
    for (const v of [Array(1025).fill(0), { a: Array(1024).fill(0) }]) {
      const answer = await track(connection, token, withValue(v))
      assert.equal(answer.status, 400)
      assert.match(answer.text, /"metrics.items\[0\].v":"OUT_OF_BOUNDS: .* at most 1024 values"/)
    }
  })
})

describe('a batch', () => {
  it(`holds up to ${MAX_BATCH_VALUES} values, and none of it is stored past that`, async () => {
    const items = Array.from({ length: MAX_BATCH_VALUES / 1000 }, () => ofValues(1000))
    assert.equal((await trackBatch(connection, token, items)).json().status, 'success')
    const more = [ofValues(4, 'NEVER'), ...items]
    const lines = more.map((item) => JSON.stringify(item)).join('\n')
    for (const answer of [
      await trackBatch(connection, token, more),
      await trackBatch(connection, token, lines, { 'content-type': 'application/x-ndjson' }),
    ]) {
      assert.match(assertApiError(answer, 413).detail, /more than 100000 values/)
    }
    assert.ok(!(await assetIds(connection, token)).includes('NEVER'))
  })
})

describe('a client that uses more processor time than it may', () => {
  it('gets 429 for expensive requests, and nothing else changes for it or for others', async () => {
    const frugal = await startServer({ MIOT_API_CLIENT_CPU: '1' })
    const socket = openConnection(frugal.url)
    try {
      const busy = await accessToken(socket, frugal.credentials)
      const large = () => ({ ...ofValues(MAX_VALUES - 1), padding: 'x'.repeat(100_000) })
      const spend = async (): Promise<void> => {
        let status = 200
        for (let sent = 0; status === 200 && sent < 500; sent++) {
          status = (await track(socket, busy, large())).status
        }
      }
      for (const send of [
        () => track(socket, busy, large()),
        () => trackBatch(socket, busy, [report('A')]),
        () => get(socket, busy, '/v1/assets'),
        () => get(socket, busy, '/v1/assets/VALUES/metrics'),
        () => get(socket, busy, '/v1/events'),
      ]) {
        const answer = await refusedOf(send, spend)
        assert.match(assertApiError(answer, 429).detail, /processor time/)
        assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
      }
      await spend()
      assert.equal((await track(socket, busy, report('SMALL'))).status, 200)
      assert.equal((await get(socket, busy, '/v1/assets/SMALL')).status, 200)
      await accessToken(socket, frugal.credentials)
      // Another client of the same tenant.
      const other = await accessToken(socket, await createClient(frugal))
      assert.equal((await track(socket, other, large())).status, 200)
      assert.equal((await get(socket, other, '/v1/assets')).status, 200)
    } finally {
      socket.close()
      await frugal.stop()
    }
  })
})

/** The budget refills with time, of which much passes between two requests on a busy machine. */
async function refusedOf(send: () => Promise<Answer>, spend: () => Promise<void>): Promise<Answer> {
  await spend()
  let answer = await send()
  for (let tries = 1; answer.status === 200 && tries < 20; tries++) {
    await spend()
    answer = await send()
  }
  return answer
}

describe('a login', () => {
  it('is answered whatever its 16 KiB contain', async () => {
    const own = Array(5000).fill(0)
    const message = asJson({ ...server.credentials, own })
    assert.equal((await connection.send({ path: '/api/v1/login', ...message })).status, 200)
  })
})
