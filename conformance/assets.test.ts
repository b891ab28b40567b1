/**
 * `GET /v1/assets` and `GET /v1/assets/{asset_id}`: reading page by page, and only one's own
 * assets.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { assertApiError, assetIds, get, getAsset, report, track } from './support/track-requests.ts'

const FLEET = ['ASSET-1', 'ASSET-2', 'ASSET-3', 'ASSET-4', 'ASSET-5']

/** Identifiers with characters that are special in URLs, SQL, JSON and logs. */
const ODD_IDS = [
  'plate/AB 12/34',
  '../../etc/passwd',
  'a?b=c#d',
  '100 %',
  '%2F',
  'plus+and&and=',
  'Ñandú-雪-🚚',
  `quotes "double" and 'single'`,
  "'; DROP TABLE assets; --",
  'back\\slash',
  '__proto__',
  'new\nline',
]

let server: RunningServer
let connection: Connection
let token: string
/** A token of the same organization, in the other environment. */
let production: string
/** A token of the same environment, another client. */
let neighbour: string

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  token = await accessToken(connection, server.credentials)
  const clients = await Promise.all([
    createClient(server, '--environment', 'production'),
    createClient(server),
  ])
  production = await accessToken(connection, clients[0])
  neighbour = await accessToken(connection, clients[1])
  for (const asset_id of FLEET.toReversed()) {
    assert.equal((await track(connection, token, report(asset_id))).status, 200)
  }
})
after(async () => {
  connection.close()
  await server.stop()
})

describe('GET /v1/assets', () => {
  it('lists every asset once, in order, whatever the size of the pages', async () => {
    for (const limit of [1, 2, 3, 5, 6, 200]) {
      assert.deepEqual(await assetIds(connection, token, limit), FLEET, `pages of ${limit}`)
    }
  })

  it('returns pages of the requested length, and a cursor on all except the last', async () => {
    const first = (await get(connection, token, '/v1/assets?limit=3')).json()
    assert.equal((first.assets as unknown[]).length, 3)
    assert.equal(typeof first.next_cursor, 'string')
    const last = await get(connection, token, `/v1/assets?limit=3&cursor=${first.next_cursor}`)
    assert.equal((last.json().assets as unknown[]).length, 2)
    assert.equal(last.json().next_cursor, null)
  })

  it('returns one page without limit and cursor, each asset as when read alone', async () => {
    const answer = await get(connection, token, '/v1/assets')
    assert.equal(answer.headers['cache-control'], 'no-store')
    const { assets, next_cursor } = answer.json() as { assets: unknown[]; next_cursor: unknown }
    assert.equal(next_cursor, null)
    for (const [index, asset_id] of FLEET.entries()) {
      assert.deepEqual(assets[index], (await getAsset(connection, token, asset_id)).json())
    }
  })

  it('refuses an invalid limit or cursor', async () => {
    for (const query of ['limit=0', 'limit=-1', 'limit=201', 'limit=a', 'limit=1.5', 'limit=']) {
      assertApiError(await get(connection, token, `/v1/assets?${query}`), 400)
    }
    for (const query of ['cursor=*', 'cursor=', 'limit=1&limit=2', 'cursor=QQ&cursor=Qg']) {
      assertApiError(await get(connection, token, `/v1/assets?${query}`), 400)
    }
  })

  it('answers other methods with 405 and Allow', async () => {
    for (const path of ['/v1/assets', '/v1/assets/ASSET-1']) {
      const answer = await connection.send({ method: 'PUT', path })
      assertApiError(answer, 405)
      assert.match(String(answer.headers.allow), /\bGET\b/)
    }
  })
})

describe('GET /v1/assets/{asset_id}', () => {
  it('returns exactly the known data of the asset', async () => {
    const { latest, timestamp, first_received_at, last_received_at, ...rest } = (
      await getAsset(connection, token, 'ASSET-1')
    ).json()
    assert.deepEqual(rest, { asset_id: 'ASSET-1', type: null })
    assert.equal((latest as { asset_id: string }).asset_id, 'ASSET-1')
    for (const time of [timestamp, first_received_at, last_received_at]) {
      assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000)
    }
  })

  it('refuses an undecodable path, and serves the next request', async () => {
    for (const path of [
      '/v1/assets/%',
      '/v1/assets/%zz',
      '/v1/assets/%ff',
      '/v1/assets/%00%ed%a0',
    ]) {
      const answer = await get(connection, token, path)
      assert.equal(answer.status, 400, answer.text)
      assert.match(String(answer.headers['content-type']), /^application\/json\b/)
      assert.equal((await getAsset(connection, token, 'ASSET-1')).status, 200)
    }
  })

  it('returns 404 for an asset without reports', async () => {
    assertApiError(await getAsset(connection, token, 'ASSET-6'), 404)
    assertApiError(await getAsset(connection, token, 'asset-1'), 404)
  })

  it('is refused in the same shape for an unknown endpoint or path', async () => {
    const paths = { '/v1/nowhere': 404, '/v1//assets': 404, '/v1/assets/%ZZ': 400 }
    for (const [path, status] of Object.entries({
      ...paths,
      '/v1/assets/%C0%80': 400,
      [`/v1/assets/${'x'.repeat(5000)}`]: 414,
    })) {
      assertApiError(await get(connection, token, path), status)
    }
  })
})

describe('development and production', () => {
  it('do not see each other’s assets, or whether there are any', async () => {
    const list = await get(connection, production, '/v1/assets')
    assert.deepEqual(list.json(), { assets: [], next_cursor: null })
    const hidden = await getAsset(connection, production, 'ASSET-1')
    const missing = await getAsset(connection, production, 'ASSET-6')
    assertApiError(hidden, 404)
    assert.equal(hidden.text, missing.text)
  })

  it('may each have an asset of the same id', async () => {
    const before = (await getAsset(connection, token, 'ASSET-2')).text
    const body = { ...report('ASSET-2'), type: 'production' }
    assert.equal((await track(connection, production, body)).status, 200)
    assert.equal((await getAsset(connection, production, 'ASSET-2')).json().type, 'production')
    assert.equal((await getAsset(connection, token, 'ASSET-2')).text, before)
  })

  it('share assets among the clients of one environment', async () => {
    assert.deepEqual(await assetIds(connection, neighbour), FLEET)
  })
})

describe('an asset is found by any identifier, such as', () => {
  for (const asset_id of ODD_IDS) {
    it(JSON.stringify(asset_id), async () => {
      const body = report(asset_id)
      assert.equal((await track(connection, token, body)).status, 200)
      const answer = await getAsset(connection, token, asset_id)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json().latest, body)
      assert.ok((await assetIds(connection, token, 3)).includes(asset_id))
    })
  }
})
