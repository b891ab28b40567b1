/**
 * `GET /v1/assets/stream`: sends stored reports to their own tenant, as long as the token is valid.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, describe, it } from 'node:test'
import { startPostgres } from '@modulariot/platform/testing/postgres'
import { openConnection } from './support/connection.ts'
import { type EventStream, openStream } from './support/event-stream.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import { assertApiError, get, report, track, trackBatch } from './support/track-requests.ts'

let { server, connection, token } = await startLoggedIn()
after(() => connection.close())

async function sent(asset_id: string, as = token): Promise<void> {
  assert.equal((await track(connection, as, report(asset_id))).status, 200)
}

function orgOf(accessToken: string): string {
  const claims = Buffer.from(accessToken.split('.')[1] as string, 'base64url')
  return JSON.parse(claims.toString()).org_id
}

async function withStream(
  run: (stream: EventStream) => Promise<void>,
  ...options: [options?: Parameters<typeof openStream>[2]]
): Promise<void> {
  const stream = await openStream(server.url, token, ...options)
  try {
    await run(stream)
  } finally {
    await stream.close()
  }
}

describe('a stream', () => {
  it('sends each report as it was reported, once it is stored', () =>
    withStream(async (stream) => {
      const body = JSON.stringify({ ...report('LIVE'), iccid: 0 }, null, '\r\n  ')
      await track(connection, token, body.replace('"iccid": 0', '"iccid": 89560100000000000017'))
      const event = await stream.next()
      assert.equal(event?.event, 'observation')
      assert.match(String(event?.id), /^\d+$/)
      const { asset_id, timestamp, received_at, report: told, ...rest } = event?.data ?? {}
      assert.deepEqual([asset_id, rest], ['LIVE', {}])
      assert.equal(Object(told).timestamp, timestamp)
      assert.ok(Math.abs(Date.parse(String(received_at)) - Date.now()) < 60_000)
    }))

  it('has headers that make proxies forward it at once', () =>
    withStream(async ({ response }) => {
      assert.equal(response.headers.get('content-type'), 'text/event-stream')
      assert.equal(response.headers.get('cache-control'), 'no-store, no-transform')
      assert.equal(response.headers.get('x-accel-buffering'), 'no')
      assert.match(String(response.headers.get('x-request-id')), /\S/)
    }))

  it('sends the items of a batch in their order', () =>
    withStream(async (stream) => {
      const ids = Array.from({ length: 50 }, (_, index) => `BATCHED-${index}`)
      await trackBatch(connection, token, ids.map(report))
      assert.deepEqual(await stream.assets(50), ids)
    }))

  it('does not send a replay', () =>
    withStream(async (stream) => {
      const body = report('ONCE')
      for (let tries = 0; tries < 3; tries++) {
        await track(connection, token, body, { 'x-request-id': 'once' })
      }
      await sent('AFTER-ONCE')
      assert.deepEqual(await stream.assets(2), ['ONCE', 'AFTER-ONCE'])
    }))

  it('starts after the Last-Event-ID, with all reports stored since', async () => {
    let id = ''
    await withStream(async (stream) => {
      await sent('SEEN')
      id = String((await stream.next())?.id)
    })
    for (const asset_id of ['MISSED-1', 'MISSED-2', 'MISSED-3']) await sent(asset_id)
    await withStream(
      async (stream) => {
        assert.deepEqual(await stream.assets(3), ['MISSED-1', 'MISSED-2', 'MISSED-3'])
        await sent('AGAIN-LIVE')
        assert.deepEqual(await stream.assets(1), ['AGAIN-LIVE'])
      },
      { headers: { 'last-event-id': id } },
    )
  })

  it('resumes after a restart of the server', async () => {
    const stream = await openStream(server.url, token)
    await sent('BEFORE-RESTART')
    const id = String((await stream.next())?.id)
    const restarted = server.restart()
    assert.deepEqual(await stream.next(), {
      event: 'end',
      id: undefined,
      data: { reason: 'shutdown' },
    })
    assert.equal(await stream.next(), null)
    await restarted
    connection.close()
    connection = openConnection(server.url)
    await sent('AFTER-RESTART')
    await withStream(async (again) => assert.deepEqual(await again.assets(1), ['AFTER-RESTART']), {
      headers: { 'last-event-id': id },
    })
  })

  it('of one asset sends that asset only', () =>
    withStream(
      async (stream) => {
        for (const asset_id of ['OTHER', 'a/b c', 'OTHER', 'a/b c']) await sent(asset_id)
        assert.deepEqual(await stream.assets(2), ['a/b c', 'a/b c'])
      },
      { query: `?asset_id=${encodeURIComponent('a/b c')}` },
    ))

  it('refuses an invalid id or filter, and other methods', async () => {
    for (const id of ['x', '-1', '1.5', '9'.repeat(16)]) {
      const headers = { authorization: `Bearer ${token}`, 'last-event-id': id }
      const path = '/v1/assets/stream'
      assertApiError(await connection.send({ method: 'GET', path, headers }), 400)
    }
    assertApiError(await get(connection, token, '/v1/assets/stream?asset_id='), 400)
    assertApiError(await get(connection, token, '/v1/assets/stream?other=1'), 400)
    for (const method of ['POST', 'HEAD', 'DELETE']) {
      assert.equal((await connection.send({ method, path: '/v1/assets/stream' })).status, 405)
    }
  })
})

describe('a stream belongs to a tenant:', () => {
  it('reports of another environment or organization are not in it, whatever id it starts after', async () => {
    const org = JSON.parse((await server.miot(['orgs', 'create', '--json', '--name', 'B'])).stdout)
    const [production, stranger] = await Promise.all([
      createClient(server, '--org', orgOf(token), '--environment', 'production'),
      createClient(server, '--org', org.org_id),
    ])
    const others = [
      await accessToken(connection, production),
      await accessToken(connection, stranger),
    ]
    const own = await openStream(server.url, token)
    const theirs = await Promise.all(
      others.map((other) => openStream(server.url, other, { headers: { 'last-event-id': '0' } })),
    )
    await sent('MINE-1')
    for (const other of others) await sent('THEIRS', other)
    await sent('MINE-2')
    assert.deepEqual(await own.assets(2), ['MINE-1', 'MINE-2'])
    for (const stream of theirs) assert.deepEqual(await stream.assets(1), ['THEIRS'])
    for (const other of others) await sent('THEIRS-LAST', other)
    for (const stream of theirs) assert.deepEqual(await stream.assets(1), ['THEIRS-LAST'])
    await Promise.all([own, ...theirs].map((stream) => stream.close()))
  })

  it('and requires the scope', async () => {
    const scope = { scope: 'asset:track:write' }
    const writer = await accessToken(connection, server.credentials, scope)
    assertApiError(await get(connection, writer, '/v1/assets/stream'), 403)
    const path = '/v1/assets/stream'
    assertApiError(await connection.send({ method: 'GET', path }), 401)
  })
})

describe('the streams of a tenant', () => {
  it('are shared: a client past its share gets 429, and another client a stream', async () => {
    const org = orgOf(token)
    const [greedy, other] = await Promise.all([
      createClient(server, '--org', org),
      createClient(server, '--org', org),
    ])
    const bearer = await accessToken(connection, greedy)
    const share = 20
    const streams = await Promise.all(
      Array.from({ length: share }, () => openStream(server.url, bearer)),
    )
    assertApiError(await get(connection, bearer, '/v1/assets/stream'), 429)
    const again = await accessToken(connection, greedy)
    assertApiError(await get(connection, again, '/v1/assets/stream'), 429)
    streams.push(await openStream(server.url, await accessToken(connection, other)))
    await Promise.all(streams.map((stream) => stream.close()))
  })
})

describe('a reader that stops reading', () => {
  it('does not delay other readers', async () => {
    const stuck = connect(Number(new URL(server.url).port), 'localhost')
    await once(stuck, 'connect')
    stuck.write(
      `GET /v1/assets/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    )
    await once(stuck, 'data')
    stuck.pause()
    const padding = 'x'.repeat(500_000)
    await withStream(async (stream) => {
      for (let round = 0; round < 20; round++) {
        const items = Array.from({ length: 8 }, (_, n) => ({
          ...report(`P-${round}-${n}`),
          padding,
        }))
        assert.equal((await trackBatch(connection, token, items)).json().status, 'success')
        assert.equal((await stream.assets(8)).length, 8)
      }
    })
    stuck.destroy()
  })
})

describe('a stream of one of several instances on PostgreSQL', () => {
  it('sends the reports of another instance, and resumes at another after the Last-Event-ID', async () => {
    const postgres = await startPostgres()
    const MIOT_DATABASE_URL = await postgres.createDatabase()
    const one = await startServer({ MIOT_DATABASE_URL })
    const joined = { MIOT_DATA_DIR: one.dataDir, MIOT_ISSUER: one.url }
    const other = await startServer({ MIOT_DATABASE_URL, ...joined })
    const socket = openConnection(other.url)
    try {
      const bearer = await accessToken(socket, one.credentials)
      const stream = await openStream(one.url, bearer)
      await track(socket, bearer, report('FROM-AFAR'))
      const event = await stream.next()
      assert.equal(event?.data.asset_id, 'FROM-AFAR')
      await stream.close()
      await track(socket, bearer, report('MEANWHILE'))
      const headers = { 'last-event-id': String(event?.id) }
      const again = await openStream(other.url, bearer, { headers })
      assert.deepEqual(await again.assets(1), ['MEANWHILE'])
      await again.close()
    } finally {
      socket.close()
      await other.stop()
      await one.stop()
      await postgres.stop()
    }
  })
})
