/** `POST /v1/asset/track`: an acknowledged report is stored as sent, once; a refused one is not. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, openConnection } from './support/connection.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { REPORTS } from './support/reports.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import {
  assertApiError,
  assetIds,
  getAsset,
  report,
  SUCCESS,
  track,
} from './support/track-requests.ts'

const MAX_BODY_BYTES = 1024 ** 2

const { server, connection, token } = await startLoggedIn()

async function latestOf(asset_id: string): Promise<unknown> {
  const answer = await getAsset(connection, token, asset_id)
  assert.equal(answer.status, 200, answer.text)
  return answer.json().latest
}

async function assertUnknown(asset_id: string): Promise<void> {
  assertApiError(await getAsset(connection, token, asset_id), 404)
}

/** A valid report of exactly this many bytes. */
function sized(asset_id: string, bytes: number): string {
  const text = JSON.stringify({ ...report(asset_id), padding: '' })
  return text.replace('"padding":""', `"padding":"${'x'.repeat(bytes - text.length)}"`)
}

describe('a report of the documents is stored and read back with every field:', () => {
  for (const [name, body] of Object.entries(REPORTS)) {
    it(name, async () => {
      const answer = await track(connection, token, body)
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.text, '{"status":"success","message":"Message sent successfully"}')
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.equal(answer.headers['idempotent-replay'], undefined)
      const stored = (await getAsset(connection, token, body.asset_id)).json()
      assert.deepEqual(stored.latest, body)
      assert.equal(stored.asset_id, body.asset_id)
      assert.equal(stored.type, body.type ?? null)
      assert.equal(Date.parse(String(stored.timestamp)), Date.parse(body.timestamp))
    })
  }

  it('a number too large for a double', async () => {
    const body = JSON.stringify(report('ICCID')).replace('}', ',"iccid":89560100000000000017}')
    assert.equal((await track(connection, token, body)).status, 200)
    assert.match((await getAsset(connection, token, 'ICCID')).text, /89560100000000000017/)
  })
})

describe('an unreadable body is refused and not stored, and the next one is stored:', () => {
  const good = () => JSON.stringify(report('REFUSED'))
  const deep = '['.repeat(5000) + ']'.repeat(5000)
  const rows: readonly (readonly [what: string, status: number, body: () => string | Buffer])[] = [
    ['no body', 400, () => ''],
    ['text that is not JSON', 400, () => 'asset_id=REFUSED'],
    ['JSON cut short', 400, () => good().slice(0, -1)],
    ['two reports in one body', 400, () => good() + good()],
    [
      'bytes that are not UTF-8',
      400,
      () => Buffer.from(good().replace('}', ',"a":"\xff"}'), 'latin1'),
    ],
    ['nesting that is too deep', 400, () => good().replace('}', `,"a":${deep}}`)],
    ['a member named __proto__', 400, () => good().replace('}', ',"__proto__":{"a":1}}')],
    ['__proto__ with escapes', 400, () => good().replace('}', ',"\\u005f_proto__":{"a":1}}')],
    ['__proto__ further down', 400, () => good().replace('}', ',"gps":{"__proto__":1}}')],
    ['a member named twice', 400, () => good().replace('}', ',"asset_id":"REFUSED"}')],
    ['a member named twice further down', 400, () => good().replace('}', ',"a":[{"b":1,"b":1}]}')],
    ['a body of one byte over 1 MiB', 413, () => sized('REFUSED', MAX_BODY_BYTES + 1)],
    ['a body of 3 MiB', 413, () => sized('REFUSED', 3 * MAX_BODY_BYTES)],
  ]
  for (const [what, status, body] of rows) {
    it(what, async () => {
      assertApiError(await track(connection, token, body()), status)
      await assertUnknown('REFUSED')
      assert.equal((await track(connection, token, report('NEXT'))).status, 200)
    })
  }

  it('a body of 16 MiB, with 413 and without breaking the connection', async () => {
    // Repeated, to cover every moment at which a server may close the connection (RFC 9112 §9.6).
    const body = sized('REFUSED', 16 * MAX_BODY_BYTES)
    for (let tries = 0; tries < 8; tries++) {
      assertApiError(await track(connection, token, body), 413)
    }
  })

  it('every content type except application/json', async () => {
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'json',
      null,
    ]
    for (const type of types) {
      const answer = await track(connection, token, good(), { 'content-type': type })
      assertApiError(answer, 415)
      await assertUnknown('REFUSED')
    }
    for (const type of ['application/json; charset=utf-8', 'APPLICATION/JSON']) {
      const answer = await track(connection, token, report('NEXT'), { 'content-type': type })
      assert.equal(answer.status, 200, answer.text)
    }
  })

  it('every method except POST, with 405 and Allow', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await connection.send({ method, path: '/v1/asset/track' })
      assertApiError(answer, 405)
      assert.equal(answer.headers.allow, 'POST')
    }
  })

  it('but one of exactly 1 MiB is stored', async () => {
    const body = sized('LARGE', MAX_BODY_BYTES)
    const answer = await track(connection, token, body)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(await latestOf('LARGE'), JSON.parse(body))
  })
})

describe('a request is stored once, by its asset and X-Request-Id:', () => {
  it('the same request again returns 200 with Idempotent-Replay: true', async () => {
    const body = report('REPLAYED')
    const id = { 'x-request-id': 'replayed' }
    assert.equal((await track(connection, token, body, id)).headers['idempotent-replay'], undefined)
    const first = (await getAsset(connection, token, 'REPLAYED')).text
    for (let tries = 0; tries < 3; tries++) {
      const answer = await track(connection, token, body, id)
      assert.deepEqual([answer.status, answer.json()], [200, SUCCESS])
      assert.equal(answer.headers['idempotent-replay'], 'true')
    }
    assert.equal((await getAsset(connection, token, 'REPLAYED')).text, first)
  })

  it('the same id with another body returns 409 and stores nothing', async () => {
    const id = { 'x-request-id': 'conflict' }
    await track(connection, token, report('FIRST'), id)
    const changed = { ...report('FIRST'), type: 'Changed' }
    const { detail } = assertApiError(await track(connection, token, changed, id), 409)
    assert.match(detail, /for this asset_id/)
    assert.equal((await getAsset(connection, token, 'FIRST')).json().type, null)
  })

  it('the same id for fifty assets stores all of them, as a clock of seconds makes it', async () => {
    const many = openConnection(server.url, 8)
    const bodies = Array.from({ length: 50 }, (_, index) => report(`SECOND-${index}`))
    const send = () =>
      Promise.all(bodies.map((body) => track(many, token, body, { 'x-request-id': '1767323045' })))
    const first = await send()
    const again = await send()
    many.close()
    const replayed = ({ status, headers }: Answer) => [status, headers['idempotent-replay']]
    assert.deepEqual(first.map(replayed), Array(50).fill([200, undefined]))
    assert.deepEqual(again.map(replayed), Array(50).fill([200, 'true']))
    const ids = await assetIds(connection, token)
    assert.equal(ids.filter((id) => id.startsWith('SECOND-')).length, 50)
  })

  it('the id of a refused request can be used for the corrected one', async () => {
    const id = { 'x-request-id': 'corrected' }
    assert.equal((await track(connection, token, { asset_id: 'CORRECTED' }, id)).status, 400)
    const answer = await track(connection, token, report('CORRECTED'), id)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['idempotent-replay'], undefined)
  })

  it('of many concurrent ones one is new and the others are replays', async () => {
    const many = openConnection(server.url, 16)
    const body = report('RACE')
    const answers = await Promise.all(
      Array.from({ length: 16 }, () => track(many, token, body, { 'x-request-id': 'race' })),
    )
    many.close()
    assert.ok(answers.every((answer) => answer.status === 200))
    const replays = answers.filter((answer) => answer.headers['idempotent-replay'] === 'true')
    assert.equal(replays.length, 15)
  })

  it('of many concurrent ones with different bodies one is stored and the others get 409', async () => {
    const many = openConnection(server.url, 16)
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        track(many, token, { ...report('CLASH'), year: 2000 + index }, { 'x-request-id': 'clash' }),
      ),
    )
    many.close()
    const statuses = answers.map(({ status }) => status).sort()
    assert.deepEqual(statuses, [200, ...Array(15).fill(409)])
  })

  it('two clients may use the same id, each for its own', async () => {
    const other = await accessToken(connection, await createClient(server))
    const id = { 'x-request-id': 'shared' }
    for (const [sender, asset_id] of [
      [token, 'MINE'],
      [other, 'THEIRS'],
    ] as const) {
      const answer = await track(connection, sender, report(asset_id), id)
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.headers['idempotent-replay'], undefined)
    }
  })
})

describe('late data', () => {
  it('is stored, but does not replace a newer state', async () => {
    const newer = { asset_id: 'LATE', timestamp: '2025-03-14T15:00:00Z', type: 'newer' }
    const older = { asset_id: 'LATE', timestamp: '2025-03-14T11:59:59-03:00', type: 'older' }
    assert.equal((await track(connection, token, newer)).status, 200)
    assert.equal((await track(connection, token, older)).status, 200)
    assert.deepEqual(await latestOf('LATE'), newer)
  })
})

describe('after all tests', () => {
  it('no refused report is in the list of assets', async () => {
    const ids = await assetIds(connection, token)
    assert.ok(ids.includes('NEXT'))
    assert.ok(!ids.includes('REFUSED'))
  })
})
