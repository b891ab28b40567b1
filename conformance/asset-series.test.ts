/**
 * Positions, metrics and events by time: by the device's clock, whatever order they arrived in, and
 * only of the token's tenant.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { assertApiError, get, track, trackBatch } from './support/track-requests.ts'

const ASSET = 'plate/AB 12?#%'
const BASE = `/v1/assets/${encodeURIComponent(ASSET)}`
const MINUTES = 30

let server: RunningServer
let connection: Connection
let token: string
/** A token of the same organization, in the other environment. */
let production: string

const at = (minute: number): string => new Date(Date.UTC(2025, 2, 14, 12, minute)).toISOString()

/** The report of one asset in a minute. */
function minuteOf(minute: number) {
  return {
    asset_id: ASSET,
    timestamp: at(minute),
    gps: { latitude: minute / 10, longitude: -minute / 10, speed: minute, accuracy: 5 },
    metrics: {
      schema: 'miot.metrics@1.0',
      seq: minute,
      items: [
        { k: 'engine.rpm', v: 1000 + minute, u: 'rpm', src: 'obd2', q: 'ok' },
        { k: minute % 2 === 0 ? 'lambda' : 'emissions.lambda', v: 1 },
        { k: 'x.note', v: { text: `minute ${minute}` } },
      ],
    },
    events: [
      {
        event_type: minute % 2 === 0 ? 'harsh_braking' : 'speeding',
        timestamp: at(minute),
        severity: minute % 3 === 0 ? 'high' : 'low',
        own: { minute },
      },
    ],
  }
}

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
  production = await accessToken(
    connection,
    await createClient(server, '--environment', 'production'),
  )
  const minutes = Array.from({ length: MINUTES }, (_, minute) => minuteOf(minute))
  // In reverse order, and one again in another request: a device that empties its buffer.
  for (const batch of [minutes.toReversed(), minutes.slice(5, 6)]) {
    const answer = await trackBatch(connection, token, batch)
    assert.equal(answer.json().status, 'success', answer.text)
  }
  const empty = { asset_id: 'EMPTY', timestamp: at(0) }
  assert.equal((await trackBatch(connection, token, [empty])).status, 200)
})
after(async () => {
  connection.close()
  await server.stop()
})

type Row = Record<string, unknown>

/** Every row of a list, page by page. */
async function rowsOf(name: string, path: string, limit = 1000, as = token): Promise<Row[]> {
  const rows: Row[] = []
  const seen = new Set<unknown>()
  for (let cursor: unknown = ''; cursor !== null; ) {
    assert.ok(!seen.has(cursor), 'cursors do not repeat')
    seen.add(cursor)
    const more = `limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`
    const answer = await get(connection, as, `${path}${path.includes('?') ? '&' : '?'}${more}`)
    assert.equal(answer.status, 200, answer.text)
    const page = answer.json()
    assert.ok((page[name] as Row[]).length <= limit)
    rows.push(...(page[name] as Row[]))
    cursor = page.next_cursor
  }
  return rows
}

const minutesOf = (rows: readonly Row[]): number[] =>
  rows.map(({ timestamp }) => new Date(String(timestamp)).getUTCMinutes())

const upTo = (end: number, start = 0): number[] =>
  Array.from({ length: end - start }, (_, index) => start + index)

describe('positions', () => {
  it('are in order of device time, once each, whatever the size of the pages', async () => {
    for (const limit of [1, 7, 30, 1000]) {
      const rows = await rowsOf('positions', `${BASE}/positions`, limit)
      // One report was sent in two requests: both are observations.
      assert.deepEqual([...new Set(minutesOf(rows))], upTo(MINUTES), `pages of ${limit}`)
    }
    const newest = await rowsOf('positions', `${BASE}/positions?order=desc`, 7)
    assert.deepEqual([...new Set(minutesOf(newest))], upTo(MINUTES).toReversed())
  })

  it('are exactly as reported', async () => {
    const [row] = await rowsOf('positions', `${BASE}/positions?from=${at(3)}&to=${at(4)}`)
    assert.deepEqual(row, {
      timestamp: at(3),
      latitude: 0.3,
      longitude: -0.3,
      altitude: null,
      speed: 3,
      heading: null,
      accuracy: 5,
      satellites: null,
    })
  })

  it('are selected by a period with its start and without its end, in any zone', async () => {
    const rows = await rowsOf('positions', `${BASE}/positions?from=${at(10)}&to=${at(20)}`, 3)
    assert.deepEqual(minutesOf(rows), upTo(20, 10))
    const zoned = `from=2025-03-14T13:10:00%2B01:00&to=2025-03-14T09:20:00-03:00`
    assert.deepEqual(await rowsOf('positions', `${BASE}/positions?${zoned}`, 3), rows)
    const unescaped = zoned.replace('%2B', '+')
    assert.deepEqual(await rowsOf('positions', `${BASE}/positions?${unescaped}`, 3), rows)
  })
})

describe('metrics', () => {
  it('are the newest of each key, under its canonical name', async () => {
    const rows = await rowsOf('metrics', `${BASE}/metrics`).catch(() => null)
    assert.equal(rows, null, 'a limit without a key is refused')
    const { metrics } = (await get(connection, token, `${BASE}/metrics`)).json()
    assert.deepEqual(
      (metrics as Row[]).map(({ key, value, timestamp, seq }) => [key, value, timestamp, seq]),
      [
        ['emissions.lambda', 1, at(29), 29],
        ['engine.rpm', 1029, at(29), 29],
        ['x.note', { text: 'minute 29' }, at(29), 29],
      ],
    )
  })

  it('of one key are in order, a value that was sent twice once', async () => {
    for (const limit of [1, 7, 1000]) {
      const rows = await rowsOf('metrics', `${BASE}/metrics?key=engine.rpm`, limit)
      assert.deepEqual(minutesOf(rows), upTo(MINUTES), `pages of ${limit}`)
      assert.deepEqual(rows[3], {
        key: 'engine.rpm',
        timestamp: at(3),
        seq: 3,
        value: 1003,
        unit: 'rpm',
        source: 'obd2',
        quality: 'ok',
      })
    }
    for (const key of ['lambda', 'emissions.lambda']) {
      const rows = await rowsOf('metrics', `${BASE}/metrics?key=${key}`)
      assert.equal(rows.length, MINUTES, key)
    }
  })

  it('are summarized in buckets', async () => {
    const query = `key=engine.rpm&bucket=10m&from=${at(0)}&to=${at(30)}`
    const answer = await get(connection, token, `${BASE}/metrics?${query}`)
    assert.equal(answer.status, 200, answer.text)
    const { buckets, bucket, key } = answer.json()
    assert.deepEqual([bucket, key], ['10m', 'engine.rpm'])
    assert.deepEqual(
      buckets,
      [0, 10, 20].map((minute) => ({
        start: at(minute),
        count: 10,
        min: 1000 + minute,
        max: 1009 + minute,
        avg: 1004.5 + minute,
        first: 1000 + minute,
        last: 1009 + minute,
      })),
    )
  })
})

describe('events', () => {
  it('are in order, as sent, with the id of their asset', async () => {
    const rows = await rowsOf('events', `${BASE}/events`, 7)
    assert.deepEqual([...new Set(minutesOf(rows))], upTo(MINUTES))
    assert.deepEqual(rows[0], { ...minuteOf(0).events[0], asset_id: ASSET })
  })

  it('are returned exactly: no number is rounded, none becomes null', async () => {
    const own = '"n":12345678901234567890,"big":1e400,"one":1.0,"10":1,"2":2'
    const event = `"event_type":"exact","timestamp":"${at(0)}",${own}`
    const body = `{"asset_id":"EXACT","timestamp":"${at(0)}","events":[{${event}}]}`
    assert.equal((await track(connection, token, body)).status, 200)
    const answer = await get(connection, token, '/v1/assets/EXACT/events')
    assert.equal(answer.text, `{"events":[{${event},"asset_id":"EXACT"}],"next_cursor":null}`)
  })

  it('are selected by type, severity and period, of one asset or of all', async () => {
    const query = `type=harsh_braking&severity=high&from=${at(0)}&to=${at(13)}`
    for (const path of [`${BASE}/events`, '/v1/events']) {
      assert.deepEqual(minutesOf(await rowsOf('events', `${path}?${query}`, 2)), [0, 6, 12])
    }
  })
})

const LISTS: Readonly<Record<string, string>> = {
  positions: '/positions',
  metrics: '/metrics?key=engine.rpm',
  events: '/events',
}

describe('a reader', () => {
  it('gets 404 for a missing asset, and an empty list for one without rows', async () => {
    for (const [name, path] of Object.entries(LISTS)) {
      assertApiError(await get(connection, token, `/v1/assets/NOBODY${path}`), 404)
      const answer = await get(connection, token, `/v1/assets/EMPTY${path}`)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual([answer.json()[name], answer.json().next_cursor], [[], null])
    }
  })

  it('gets 404 for an id that no asset can have, however the database handles it', async () => {
    for (const path of ['', ...Object.values(LISTS)]) {
      assertApiError(await get(connection, token, `/v1/assets/a%00b${path}`), 404)
    }
    const cursor = Buffer.from('a\0b').toString('base64url')
    for (const query of ['search=a%00b', 'type=%00', `cursor=${cursor}`]) {
      assertApiError(await get(connection, token, `/v1/assets?${query}`), 400)
    }
  })

  it('gets 400 with the fault of the query', async () => {
    for (const query of [
      'limit=1001',
      'limit=0',
      'from=2025-03-14',
      'order=sideways',
      'cursor=AAAA',
      'form=2025-03-14T12:00:00Z',
      'from=2025-03-14T12:00:00Z&to=2025-03-14T12:00:00Z',
    ]) {
      for (const path of Object.values(LISTS)) {
        const more = `${path.includes('?') ? '&' : '?'}${query}`
        assertApiError(await get(connection, token, BASE + path + more), 400)
      }
    }
  })

  it('needs the scope', async () => {
    const scope = { scope: 'asset:track:write' }
    const writer = await accessToken(connection, server.credentials, scope)
    for (const path of [...Object.values(LISTS).map((path) => BASE + path), '/v1/events']) {
      assertApiError(await get(connection, writer, path), 403)
      assertApiError(await connection.send({ method: 'GET', path }), 401)
    }
  })
})

describe('another tenant', () => {
  it('gets the same for each list of an asset that is not its own as for a missing one', async () => {
    for (const path of Object.values(LISTS)) {
      const hidden = await get(connection, production, BASE + path)
      const missing = await get(connection, production, `/v1/assets/NOBODY${path}`)
      assertApiError(hidden, 404)
      assert.equal(hidden.text, missing.text)
    }
    const bucket = `bucket=10m&key=engine.rpm&from=${at(0)}&to=${at(30)}`
    assertApiError(await get(connection, production, `${BASE}/metrics?${bucket}`), 404)
    assertApiError(await get(connection, production, `${BASE}/metrics`), 404)
    assert.deepEqual((await get(connection, production, '/v1/events')).json().events, [])
    const search = await get(connection, production, '/v1/assets?search=plate')
    assert.deepEqual(search.json(), { assets: [], next_cursor: null })
  })

  it('gets nothing with a cursor of the tenant, either', async () => {
    for (const path of [...Object.values(LISTS).map((path) => BASE + path), '/v1/events']) {
      const separator = path.includes('?') ? '&' : '?'
      const page = (await get(connection, token, `${path}${separator}limit=2`)).json()
      assert.equal(typeof page.next_cursor, 'string')
      const crossing = `${path}${separator}cursor=${page.next_cursor}`
      const answer = await get(connection, production, crossing)
      if (answer.status === 200) assert.deepEqual(answer.json().events, [])
      else assertApiError(answer, 404)
    }
    const list = (await get(connection, token, '/v1/assets?limit=1')).json()
    const answer = await get(connection, production, `/v1/assets?cursor=${list.next_cursor}`)
    assert.deepEqual(answer.json(), { assets: [], next_cursor: null })
  })

  it('with an asset of the same id gets its own data only', async () => {
    const own = { ...minuteOf(7), asset_id: ASSET }
    assert.equal((await trackBatch(connection, production, [own])).status, 200)
    for (const [name, path] of Object.entries(LISTS)) {
      assert.deepEqual(minutesOf(await rowsOf(name, BASE + path, 1000, production)), [7])
      assert.ok((await rowsOf(name, BASE + path)).length >= MINUTES)
    }
  })
})

describe('a search among assets', () => {
  it('finds part of the id or of the type, whatever the case, and an exact type', async () => {
    const fleet = [
      { asset_id: 'TRUCK-77', timestamp: at(1), type: 'Reefer' },
      { asset_id: 'VAN-7', timestamp: at(1), type: 'Van' },
      { asset_id: 'stream', timestamp: at(1) },
    ]
    await trackBatch(connection, token, fleet)
    const found = async (query: string) =>
      (await rowsOf('assets', `/v1/assets?${query}`, 200)).map(({ asset_id }) => asset_id)
    assert.deepEqual(await found('search=truck'), ['TRUCK-77'])
    assert.deepEqual(await found('search=reef'), ['TRUCK-77'])
    assert.deepEqual(await found('search=-7'), ['TRUCK-77', 'VAN-7'])
    assert.deepEqual(await found('type=Van'), ['VAN-7'])
    assert.deepEqual(await found('type=van'), [])
    assert.deepEqual(await found('search=%25'), [ASSET])
    // The one id whose URL is another endpoint.
    assert.deepEqual(await found('search=stream'), ['stream'])
  })
})
