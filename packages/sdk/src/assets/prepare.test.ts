import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AssetTrackingData } from '@modulariot/telemetry'
import { START_MS } from '../testing/virtual-time.ts'
import { ValidationError } from './errors.ts'
import { prepareReport } from './prepare.ts'

const OPTIONS = { nowMs: START_MS, validation: 'strict' } as const
const VALID = { asset_id: 'T', timestamp: '2026-01-15T11:00:00Z' }

function faultsOf(data: unknown, more: object = {}): Readonly<Record<string, string>> {
  try {
    prepareReport(data as AssetTrackingData, { ...OPTIONS, ...more })
  } catch (error) {
    assert.ok(error instanceof ValidationError)
    return error.errors
  }
  assert.fail('it is valid')
}

describe('prepareReport', () => {
  it('gives each report a new id, or the given one', () => {
    const [one, two] = [prepareReport(VALID, OPTIONS), prepareReport(VALID, OPTIONS)]
    assert.notEqual(one.request_id, two.request_id)
    assert.equal(prepareReport(VALID, { ...OPTIONS, requestId: 'mine' }).request_id, 'mine')
  })

  it('lists every fault at once, without sending anything', () => {
    const data = { asset_id: ' ', timestamp: 'yesterday', gps: { latitude: 91, longitude: 0 } }
    assert.deepEqual(Object.keys(faultsOf(data)).sort(), ['asset_id', 'gps.latitude', 'timestamp'])
  })

  it('checks what JSON makes of the data, as the server will', () => {
    const sent = prepareReport({ ...VALID, timestamp: new Date(START_MS) as never }, OPTIONS)
    assert.equal(JSON.parse(sent.body).timestamp, '2026-01-15T12:00:00.000Z')
    assert.deepEqual(Object.keys(faultsOf({ ...VALID, year: Number.NaN })), ['year'])
    assert.deepEqual(Object.keys(faultsOf(undefined)), ['body'])
  })

  it('refuses a report larger than the server’s limit', () => {
    const telecom = { text: 'é'.repeat(1 << 19) }
    assert.deepEqual(Object.keys(faultsOf({ ...VALID, telecom })), ['body'])
  })

  it('refuses what the server would not parse, before it is spooled', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) })
    prepareReport({ ...VALID, telecom: { x: nested(30) } }, OPTIONS)
    const cases = [
      { ...VALID, telecom: { x: nested(31) } },
      { ...VALID, telecom: { x: [[nested(29)]] } },
      { ...VALID, telecom: JSON.parse('{"__proto__":1}') },
      JSON.parse(`{"__proto__":{},${JSON.stringify(VALID).slice(1)}`),
    ]
    for (const data of cases) assert.deepEqual(Object.keys(faultsOf(data)), ['body'])
  })

  it('refuses a request id that no header can carry', () => {
    for (const requestId of ['', 'a b', 'é', 'a\nb', 'x'.repeat(129)]) {
      assert.deepEqual(Object.keys(faultsOf(VALID, { requestId })), ['X-Request-Id'])
    }
  })

  it('accepts unknown metric keys when validation is lenient', () => {
    const items = [{ k: 'engine.mood', v: 1 }]
    const data = { ...VALID, metrics: { schema: 'miot.metrics@1.0' as const, items } }
    assert.equal(Object.keys(faultsOf(data)).length, 1)
    prepareReport(data, { ...OPTIONS, validation: 'lenient' })
  })

  it('writes the id into a report for a batch', () => {
    const { request_id, body } = prepareReport(VALID, { ...OPTIONS, keyed: true })
    assert.deepEqual(JSON.parse(body), { ...VALID, idempotency_key: request_id })
  })

  it('uses the data’s own key as the id, once', () => {
    const data = { ...VALID, idempotency_key: 'mine' }
    const report = prepareReport(data, { ...OPTIONS, keyed: true })
    assert.deepEqual(report, { request_id: 'mine', body: JSON.stringify(data) })
    for (const key of ['', 'a b', 7, null]) {
      assert.deepEqual(Object.keys(faultsOf({ ...VALID, idempotency_key: key })), [
        'idempotency_key',
      ])
    }
  })
})
