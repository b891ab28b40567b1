/**
 * `MIOT_API_VALIDATION=lenient`: what devices and webhooks send that cannot be changed. Reports
 * without the two headers are stored once, by their content; metrics may have the flat shape.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Compile } from 'typebox/schema'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { get, getAsset, report, track, trackBatch } from './support/track-requests.ts'

const BARE = { 'x-request-id': null, 'x-request-timestamp': null }

let server: RunningServer
let connection: Connection
let token: string

before(async () => {
  server = await startServer({ MIOT_API_VALIDATION: 'lenient' })
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
})
after(async () => {
  connection.close()
  await server.stop()
})

const timestamp = '2025-03-14T15:09:26Z'
const flatBody = (device_id: string, padding = '') => ({
  ...{ schema_version: '1.0', device_id, timestamp, sequence: 7, metadata: { padding } },
  metrics: [
    { key: 'position.latitude', value: 37.7749 },
    { key: 'position.longitude', value: -122.4194 },
    { key: 'position.speed', value: 65.5, unit: 'km/h' },
    { key: 'engine.rpm', value: 2500, unit: 'rpm', timestamp: '2025-03-14T15:09:20Z' },
  ],
  events: [{ event_type: 'stop', timestamp, own: 1.5 }],
})

const idOf = (text: string) => `body-${createHash('sha256').update(text).digest('base64url')}`

describe('without X-Request-Id and X-Request-Timestamp', () => {
  it('the same body is stored once, and the response has the id it is stored under', async () => {
    const large = { ...report('LARGE'), padding: 'x'.repeat(100_000) }
    for (const body of [report('SMALL'), large].map((one) => JSON.stringify(one))) {
      const first = await track(connection, token, body, BARE)
      assert.equal(first.status, 200, first.text)
      assert.equal(first.headers['x-request-id'], idOf(body))
      assert.equal(first.headers['idempotent-replay'], undefined)
      const again = await track(connection, token, `${body}\n`, BARE)
      assert.equal(again.headers['idempotent-replay'], 'true')
      assert.equal(again.headers['x-request-id'], idOf(body))
      const zipped = { ...BARE, 'content-encoding': 'gzip' }
      const packed = await track(connection, token, gzipSync(body), zipped)
      assert.equal(packed.headers['idempotent-replay'], 'true')
      const named = await track(connection, token, body, { 'x-request-id': idOf(body) })
      assert.equal(named.headers['idempotent-replay'], 'true', 'sent later under that id')
    }
  })

  it('another body is another report', async () => {
    for (const type of ['one', 'two']) {
      const answer = await track(connection, token, { ...report('OTHER'), type }, BARE)
      assert.deepEqual([answer.status, answer.headers['idempotent-replay']], [200, undefined])
    }
    assert.equal((await getAsset(connection, token, 'OTHER')).json().type, 'two')
  })

  it('each of the two may be missing alone', async () => {
    const id = { 'x-request-id': 'mine', 'x-request-timestamp': null }
    const answer = await track(connection, token, report('ALONE'), id)
    assert.deepEqual([answer.status, answer.headers['x-request-id']], [200, 'mine'])
    assert.equal((await track(connection, token, report('ALONE'), id)).status, 409)
    const only = await track(connection, token, report('ALONE'), { 'x-request-id': null })
    assert.match(String(only.headers['x-request-id']), /^body-/)
  })

  it('a batch is stored once, equal reports in it each', async () => {
    const twin = report('TWIN')
    const filler = { ...report('FILLER'), padding: 'x'.repeat(100_000) }
    for (const batch of [
      [twin, twin],
      [report('L-1'), filler],
    ]) {
      const text = JSON.stringify(batch)
      const first = await trackBatch(connection, token, text, BARE)
      assert.deepEqual(Object(first.json().counts).stored, 2, first.text)
      assert.equal(first.headers['x-request-id'], idOf(text))
      const again = await trackBatch(connection, token, text, BARE)
      assert.equal(again.headers['idempotent-replay'], 'true')
      assert.equal(again.headers['x-request-id'], idOf(text))
    }
  })

  it('a report with a fault is refused for that fault only', async () => {
    const answer = await track(connection, token, { asset_id: 'FAULTY' }, BARE)
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json().errors, { timestamp: 'is required' })
  })

  it('a header that is sent must be valid', async () => {
    for (const [name, value] of [
      ['X-Request-Timestamp', 'yesterday'],
      ['X-Request-Id', 'with space'],
    ] as const) {
      const headers = { ...BARE, [name.toLowerCase()]: value }
      const answer = await track(connection, token, report('INVALID'), headers)
      assert.deepEqual(Object.keys(Object(answer.json().errors)), [name])
    }
  })

  it('is documented: the headers are optional here', async () => {
    const { json } = await connection.send({ method: 'GET', path: '/openapi.json' })
    const { parameters } = Object(json().paths)['/v1/asset/track'].post
    for (const { name, required } of parameters) assert.equal(required, false, name)
  })
})

describe('GET /openapi.json', () => {
  it('is valid, and has the flat shape beside that of the schema, with examples', async () => {
    const { text } = await connection.send({ method: 'GET', path: '/openapi.json' })
    const { valid, errors } = await new Validator().validate(JSON.parse(text))
    assert.ok(valid, JSON.stringify(errors))
    const { paths } = JSON.parse(text)
    for (const path of ['/v1/asset/track', '/v1/asset/track/batch']) {
      const { schema, examples } = paths[path].post.requestBody.content['application/json']
      assert.ok('flat' in examples && Object.keys(examples).length >= 2)
      for (const [name, { value }] of Object.entries<{ value: unknown }>(examples)) {
        const [, faults] = Compile(schema).Errors(value)
        assert.deepEqual(faults, [], name)
        const answer = await track(connection, token, value, {}, path)
        assert.equal(answer.json().status, 'success', `${name}: ${answer.text}`)
      }
    }
    const { schema } = paths['/v1/asset/track'].post.requestBody.content['application/json']
    const shapes = schema.oneOf.map(({ title }: { title: string }) => title)
    assert.deepEqual(shapes, ['AssetTrackingData', 'FlatReport', 'NestedFlatReport'])
    const lines = paths['/v1/asset/track/batch'].post.requestBody.content['application/x-ndjson']
    assert.ok(Compile(lines.schema).Check({ ...flatBody('LINE'), idempotency_key: 'a' }))
    for (const body of [{ ...flatBody('X'), device_id: 7 }, { metrics: [] }, { asset_id: 'X' }]) {
      assert.equal(Compile(schema).Check(body), false, JSON.stringify(body))
    }
  })
})

describe('the flat shape of metrics', () => {
  for (const [size, padding] of [
    ['small', ''],
    ['large', 'x'.repeat(100_000)],
  ] as const) {
    it(`is stored as sent, with position, values and events: ${size}`, async () => {
      const id = `FLAT-${size}`
      const body = JSON.stringify(flatBody(id, padding))
      const answer = await track(connection, token, body)
      assert.deepEqual([answer.status, answer.json().warnings], [200, undefined], answer.text)
      assert.ok((await getAsset(connection, token, id)).text.includes(body))
      const read = async (part: string) =>
        (await get(connection, token, `/v1/assets/${id}/${part}`)).json()
      const [position] = (await read('positions')).positions as object[]
      assert.partialDeepStrictEqual(position, {
        latitude: 37.7749,
        longitude: -122.4194,
        speed: 65.5,
      })
      const { metrics } = await read('metrics')
      assert.partialDeepStrictEqual(metrics, [
        { key: 'engine.rpm', value: 2500, seq: 7, timestamp: '2025-03-14T15:09:20.000Z' },
      ])
      const { events } = await read('events')
      assert.partialDeepStrictEqual(events, [{ asset_id: id, event_type: 'stop', own: 1.5 }])
    })
  }

  it('may be the metrics of a report', async () => {
    const { metrics } = flatBody('NESTED')
    const inner = { schema_version: '1.0', device_id: 'UNIT', timestamp, metrics }
    const body = JSON.stringify({ asset_id: 'NESTED', timestamp, metrics: inner })
    const answer = await track(connection, token, body)
    assert.equal(answer.status, 200, answer.text)
    assert.ok((await getAsset(connection, token, 'NESTED')).text.includes(body))
    const values = (await get(connection, token, '/v1/assets/NESTED/metrics')).json().metrics
    assert.partialDeepStrictEqual(values, [{ key: 'engine.rpm', value: 2500 }])
  })

  it('is understood in a batch, beside reports', async () => {
    const items = [
      flatBody('FLAT-1'),
      report('REPORT-1'),
      { ...flatBody('FLAT-2'), idempotency_key: 'f' },
    ]
    const { counts } = (await trackBatch(connection, token, items)).json()
    assert.deepEqual(Object(counts).stored, 3)
  })

  it('has its faults at the paths as sent', async () => {
    const body = { ...flatBody('FAULTY'), metrics: [{ key: 'engine.rpm', value: 1e6 }] }
    const { errors } = (await track(connection, token, body)).json()
    assert.deepEqual(Object.keys(Object(errors)), ['metrics[0].value'])
  })
})
