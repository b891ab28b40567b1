/** The validation of a report by `POST /v1/asset/track`, which names all faults at once. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, openConnection } from './support/connection.ts'
import { EDGES, FAULTS, fromNow } from './support/faulty-reports.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { assetIds, get, report, SUCCESS, track, trackBatch } from './support/track-requests.ts'

const { connection, token } = await startLoggedIn()

/** @returns the faults by path. */
function assertValidationError(answer: Answer): Record<string, string> {
  assert.equal(answer.status, 400, answer.text)
  assert.equal(answer.headers['cache-control'], 'no-store')
  const { errors, ...rest } = answer.json()
  assert.deepEqual(rest, { status: 'validation_error', message: 'Request validation failed' })
  assert.ok(typeof errors === 'object' && errors !== null)
  for (const text of Object.values(errors)) assert.ok(typeof text === 'string' && text !== '')
  return errors as Record<string, string>
}

describe('a report is refused by the path of its fault:', () => {
  for (const [path, what, change] of FAULTS) {
    it(`${what} (${path})`, async () => {
      const answer = await track(connection, token, { ...report('FAULTY'), ...change() })
      assert.deepEqual(Object.keys(assertValidationError(answer)), [path])
    })
  }
})

describe('a number too large for a double', () => {
  it('is refused as the value of an own metric, where null would be returned', async () => {
    const items = '[{"k":"x.a","v":1},{"k":"x.b","v":1e400},{"k":"x.c","v":{"deep":[-1e400]}}]'
    const metrics = `{"schema":"miot.metrics@1.0","items":${items}}`
    const body = `${JSON.stringify(report('FAULTY')).slice(0, -1)},"metrics":${metrics}}`
    const errors = assertValidationError(await track(connection, token, body))
    assert.deepEqual(Object.keys(errors), ['metrics.items[1].v', 'metrics.items[2].v'])
  })
})

describe('a report is accepted at the limits:', () => {
  for (const [what, change] of EDGES) {
    it(what, async () => {
      const answer = await track(connection, token, { ...report('EDGE'), ...change() })
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json(), SUCCESS)
    })
  }
})

describe('the headers are part of the contract:', () => {
  const rows: readonly (readonly [name: string, what: string, value: string | null])[] = [
    ['X-Request-Id', 'none', null],
    ['X-Request-Id', 'an empty one', ''],
    ['X-Request-Id', 'one with a space in it', 'two words'],
    ['X-Request-Id', 'one of 1000 characters', 'x'.repeat(1000)],
    ['X-Request-Timestamp', 'none', null],
    ['X-Request-Timestamp', 'an empty one', ''],
    ['X-Request-Timestamp', 'one that is not a number', 'now'],
    ['X-Request-Timestamp', 'an ISO date', '2025-03-14T15:09:26Z'],
    ['X-Request-Timestamp', 'a negative one', '-1'],
    ['X-Request-Timestamp', 'milliseconds', String(Date.now())],
    ['X-Request-Timestamp', 'NaN', 'NaN'],
  ]
  for (const [name, what, value] of rows) {
    it(`${name}: ${what} is refused`, async () => {
      const answer = await track(connection, token, report('FAULTY'), {
        [name.toLowerCase()]: value,
      })
      assert.deepEqual(Object.keys(assertValidationError(answer)), [name])
      assert.match(String(answer.headers['x-request-id']), /^[\x21-\x7e]+$/)
    })
  }

  it('X-Request-Timestamp accepts whole seconds and fractions, also old ones', async () => {
    for (const value of ['1735689600', '1735689600.25', String(Date.now() / 1000)]) {
      const answer = await track(connection, token, report('EDGE'), {
        'x-request-timestamp': value,
      })
      assert.equal(answer.status, 200, answer.text)
    }
  })

  it('X-Request-Id is returned as sent, whatever the response', async () => {
    for (const body of [report('EDGE'), { asset_id: 7 }, 'not JSON']) {
      const id = `id-of-${JSON.stringify(body).length}-bytes!`
      const answer = await track(connection, token, body, { 'x-request-id': id })
      assert.equal(answer.headers['x-request-id'], id)
    }
  })
})

describe('a validation error', () => {
  it('names every fault at once, including those of the headers', async () => {
    const body = {
      asset_id: ' ',
      timestamp: '2025-03-14T15:09:26',
      gps: { latitude: 91, longitude: -181, heading: 361 },
      sensors: { acceleration: { x_axis: 4 }, engine_status: 3 },
      metrics: {
        schema: 'other',
        items: [
          { k: 'engine.rpm', v: 9000, u: 'km/h', src: 'obd3' },
          { k: 'engine.mood', v: 1 },
          { k: 'dtc.codes', v: ['P0217', 7] },
        ],
      },
      events: [{ severity: 'huge', timestamp: fromNow(7_200_000) }],
    }
    const answer = await track(connection, token, body, {
      'x-request-id': null,
      'x-request-timestamp': 'now',
    })
    assert.deepEqual(Object.keys(assertValidationError(answer)).sort(), [
      'X-Request-Id',
      'X-Request-Timestamp',
      'asset_id',
      'events[0].event_type',
      'events[0].severity',
      'events[0].timestamp',
      'gps.heading',
      'gps.latitude',
      'gps.longitude',
      'metrics.items[0].src',
      'metrics.items[0].u',
      'metrics.items[0].v',
      'metrics.items[1].k',
      'metrics.items[2].v[1]',
      'metrics.schema',
      'sensors.acceleration.x_axis',
      'sensors.engine_status',
      'timestamp',
    ])
  })

  it('leaves the connection open and the next report unaffected', async () => {
    const refused = await track(connection, token, { asset_id: 7 })
    const next = await track(connection, token, report('EDGE'))
    assert.equal(next.status, 200)
    assert.equal(next.localPort, refused.localPort)
  })

  it('is the response to JSON that is not an object', async () => {
    for (const body of ['[]', 'null', '7', '"text"', 'true', '[{"asset_id":"FAULTY"}]']) {
      assertValidationError(await track(connection, token, body))
    }
  })

  it('stays small, however many faults there are', async () => {
    const items = Array.from({ length: 200 }, () => ({ k: 'x'.repeat(1000), v: null, src: 7 }))
    const body = { ...report('FAULTY'), metrics: { schema: 'miot.metrics@1.0', items } }
    const answer = await track(connection, token, body)
    assertValidationError(answer)
    assert.ok(answer.text.length < 64 * 1024, `${answer.text.length} characters`)
  })

  it('shows what to send instead of the flat shape of metrics', async () => {
    const { timestamp } = report('FLAT')
    const items = [{ key: 'engine.rpm', value: 2500, unit: 'rpm' }]
    const flat = { schema_version: '1.0', device_id: 'FLAT', timestamp, metrics: items }
    const errors = assertValidationError(await track(connection, token, flat))
    const shown = [errors.device_id, errors.metrics].map(
      (text) => /"\w+": .*/.exec(text ?? '')?.[0],
    )
    assert.deepEqual(shown, [
      '"asset_id": "FLAT"',
      '"metrics": {"schema":"miot.metrics@1.0","items":[{"k":"engine.rpm","v":2500,"u":"rpm"}]}',
    ])
  })

  it('means that nothing was stored', async () => {
    assert.deepEqual(await assetIds(connection, token), ['EDGE'])
  })
})

describe('with lenient validation', () => {
  it('an unknown metric key is stored and named in warnings, alone and in a batch', async () => {
    const lenient = await startServer({ MIOT_API_VALIDATION: 'lenient' })
    const socket = openConnection(lenient.url)
    try {
      const bearer = await accessToken(socket, lenient.credentials)
      const items = [{ k: 'engine.mood', v: 'fine' }]
      const body = { ...report('LENIENT'), metrics: { schema: 'miot.metrics@1.0', items } }
      const alone = (await track(socket, bearer, body)).json()
      assert.equal(alone.status, 'success')
      assert.match(Object(alone.warnings)['metrics.items[0].k'], /^UNKNOWN_KEY: "engine\.mood"/)
      const batch = (await trackBatch(socket, bearer, [body])).json()
      const [result] = batch.results as { code: number; warnings: object }[]
      assert.deepEqual([result?.code, result?.warnings], [200, alone.warnings])
      const { metrics } = (await get(socket, bearer, '/v1/assets/LENIENT/metrics')).json()
      assert.deepEqual(Object(metrics)[0].value, 'fine')
      const wrong = { ...body, metrics: { ...body.metrics, items: [{ k: 'engine.rpm', v: -1 }] } }
      assert.equal((await track(socket, bearer, wrong)).status, 400)
    } finally {
      socket.close()
      await lenient.stop()
    }
  })
})
