/**
 * `POST /v1/asset/track/batch`: each report is validated alone, and each acknowledged one is stored
 * once.
 */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openConnection } from './support/connection.ts'
import { startLoggedIn } from './support/logged-in.ts'
import { REPORTS } from './support/reports.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import {
  assertApiError,
  assetIds,
  getAsset,
  report,
  track,
  trackBatch,
} from './support/track-requests.ts'

const MAX_BATCH_BYTES = 5 * 1024 ** 2
const NDJSON = { 'content-type': 'application/x-ndjson' }
const GZIP = { 'content-encoding': 'gzip' }

let { server, connection, token } = await startLoggedIn()
after(() => connection.close())

interface Answer {
  readonly status: string
  readonly counts: Record<string, number>
  readonly results: readonly {
    readonly index: number
    readonly code: number
    readonly status: string
    readonly replayed?: boolean
    readonly errors?: Record<string, string>
    readonly detail?: string
  }[]
}

async function answered(body: unknown, more: Record<string, string> = {}): Promise<Answer> {
  const answer = await trackBatch(connection, token, body, more)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.headers['cache-control'], 'no-store')
  const result = answer.json() as unknown as Answer
  const { items, stored, replayed, refused } = result.counts
  assert.equal(items, result.results.length)
  assert.equal(items, Number(stored) + Number(replayed) + Number(refused))
  assert.deepEqual(
    result.results.map(({ index }) => index),
    result.results.map((_, index) => index),
  )
  return result
}

async function assertUnknown(asset_id: string): Promise<void> {
  assertApiError(await getAsset(connection, token, asset_id), 404)
}

const ndjson = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).join('\n')

describe('a batch stores every report of the documents:', () => {
  const bodies = Object.values(REPORTS)
  const ways: Record<string, () => [unknown, Record<string, string>]> = {
    'as an array': () => [bodies, {}],
    'as NDJSON': () => [ndjson(bodies), NDJSON],
    'as an array, compressed': () => [gzipSync(JSON.stringify(bodies)), GZIP],
    'as NDJSON, compressed': () => [gzipSync(ndjson(bodies)), { ...NDJSON, ...GZIP }],
  }
  for (const [name, way] of Object.entries(ways)) {
    it(name, async () => {
      const [body, headers] = way()
      const { status, counts } = await answered(body, headers)
      assert.deepEqual([status, counts.stored], ['success', bodies.length])
      for (const one of bodies) {
        assert.deepEqual((await getAsset(connection, token, one.asset_id)).json().latest, one)
      }
    })
  }

  it('a number too large for a double', async () => {
    const body = JSON.stringify(report('BATCH-ICCID')).replace(
      '}',
      ',"iccid":89560100000000000017}',
    )
    await answered(`[ ${body} ]`)
    const { text } = await getAsset(connection, token, 'BATCH-ICCID')
    assert.match(text, /89560100000000000017/)
  })

  it('a thousand reports, and no more', async () => {
    const fleet = Array.from({ length: 1000 }, (_, index) => report(`FLEET-${index}`))
    const { counts } = await answered(fleet)
    assert.equal(counts.stored, 1000)
    const ids = await assetIds(connection, token)
    assert.ok(fleet.every(({ asset_id }) => ids.includes(asset_id)))
    assertApiError(await trackBatch(connection, token, [...fleet, report('TOO-MANY')]), 413)
    const lines = ndjson([...fleet, report('TOO-MANY')])
    assertApiError(await trackBatch(connection, token, lines, NDJSON), 413)
    await assertUnknown('TOO-MANY')
  })
})

describe('an invalid report in a batch', () => {
  it('fails alone, with the response it would have had alone', async () => {
    const faulty = { ...report('BAD'), gps: { latitude: 91, longitude: 0 } }
    const alone = (await track(connection, token, faulty)).json()
    const texts = [report('GOOD-1'), faulty, report('GOOD-2')].map((one) => JSON.stringify(one))
    texts.push('{"asset_id":"BAD","asset_id":"BAD"}', `${'['.repeat(40)}${']'.repeat(40)}`)
    const { status, counts, results } = await answered(`[${texts.join(',')}]`)
    assert.equal(status, 'partial')
    assert.deepEqual(counts, { items: 5, stored: 2, replayed: 0, refused: 3 })
    assert.deepEqual(results[1], { index: 1, code: 400, ...alone })
    assert.match(String(results[3]?.detail), /duplicate member/)
    assert.match(String(results[4]?.detail), /deeper/)
    await assertUnknown('BAD')
    for (const id of ['GOOD-1', 'GOOD-2']) {
      assert.equal((await getAsset(connection, token, id)).status, 200)
    }
  })

  it('is named when a line was cut off, and the lines before it are stored', async () => {
    const lines = ndjson([report('LINE-1'), report('LINE-2')]).slice(0, -10)
    const { counts, results } = await answered(lines, NDJSON)
    assert.deepEqual([counts.stored, counts.refused, results[1]?.code], [1, 1, 400])
    await assertUnknown('LINE-2')
  })
})

describe('an unreadable batch is refused as a whole, and the next one is stored:', () => {
  const good = () => JSON.stringify([report('REFUSED')])
  const rows: Record<string, () => [number, string | Buffer, Record<string, string>]> = {
    'no body': () => [400, '', {}],
    'an object': () => [400, JSON.stringify(report('REFUSED')), {}],
    'an array without items': () => [400, '[]', {}],
    'NDJSON without lines': () => [400, '\n\n', NDJSON],
    'an array cut off': () => [400, good().slice(0, -1), {}],
    'an array closed like an object': () => [400, `${good().slice(0, -1)}}`, {}],
    'two arrays': () => [400, good() + good(), {}],
    'bytes that are not UTF-8': () => [400, Buffer.from([0x5b, 0xff, 0x5d]), {}],
    'gzip cut off': () => [400, gzipSync(good()).subarray(0, -9), GZIP],
    'what is no gzip': () => [400, good(), GZIP],
    'another coding': () => [415, good(), { 'content-encoding': 'br' }],
    'two codings': () => [415, good(), { 'content-encoding': 'gzip, gzip' }],
    'another type': () => [415, good(), { 'content-type': 'text/csv' }],
    'a body over 5 MiB': () => [413, `[${' '.repeat(MAX_BATCH_BYTES)}]`, {}],
  }
  for (const [name, row] of Object.entries(rows)) {
    it(name, async () => {
      const [status, body, headers] = row()
      const answer = await trackBatch(connection, token, body, headers)
      assertApiError(answer, status)
      if (status === 415 && headers['content-encoding'] !== undefined) {
        assert.equal(answer.headers['accept-encoding'], 'gzip')
      }
      await assertUnknown('REFUSED')
      assert.equal((await answered([report('NEXT')])).counts.refused, 0)
    })
  }

  it('without the headers of a single report', async () => {
    const more = { 'x-request-id': null, 'x-request-timestamp': null }
    const answer = await trackBatch(connection, token, [report('REFUSED')], more)
    assert.equal(answer.status, 400)
    assert.deepEqual(Object.keys(Object(answer.json().errors)), [
      'X-Request-Id',
      'X-Request-Timestamp',
    ])
    await assertUnknown('REFUSED')
  })
})

describe('a body that inflates beyond its limit', () => {
  it('is refused at the limit, whatever its full size', async () => {
    const bomb = gzipSync(Buffer.alloc(512 * 1024 ** 2))
    assert.ok(bomb.length < 1024 ** 2)
    const rssBefore = await residentBytes()
    for (let tries = 0; tries < 4; tries++) {
      assertApiError(await trackBatch(connection, token, bomb, GZIP), 413)
      assertApiError(await track(connection, token, bomb, GZIP), 413)
    }
    const grown = (await residentBytes()) - rssBefore
    assert.ok(grown < 200 * 1024 ** 2, `grew by ${grown} bytes`)
  })

  it('has the limit of a plain body: 1 MiB alone, 5 MiB in a batch', async () => {
    const padded = (bytes: number) => ({ ...report('PADDED'), padding: 'x'.repeat(bytes) })
    const one = (bytes: number) => gzipSync(JSON.stringify(padded(bytes)))
    assert.equal((await track(connection, token, one(1024 ** 2 - 200), GZIP)).status, 200)
    assertApiError(await track(connection, token, one(1024 ** 2), GZIP), 413)
    const four = Array.from({ length: 4 }, () => padded(1024 ** 2 - 200))
    assert.equal((await answered(gzipSync(JSON.stringify(four)), GZIP)).counts.stored, 4)
    const six = gzipSync(JSON.stringify([...four, ...four.slice(2)]))
    assertApiError(await trackBatch(connection, token, six, GZIP), 413)
  })

  async function residentBytes(): Promise<number> {
    const { readFileSync } = await import('node:fs')
    const status = readFileSync(`/proc/${server.pid()}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
  }
})

describe('a batch sent again', () => {
  it('with its X-Request-Id is stored once', async () => {
    const id = { 'x-request-id': 'batch-again' }
    const items = [report('AGAIN-1'), report('AGAIN-2')]
    assert.equal((await answered(items, id)).counts.stored, 2)
    const again = await trackBatch(connection, token, items, id)
    assert.equal(again.headers['idempotent-replay'], 'true')
    assert.deepEqual(again.json().counts, { items: 2, stored: 0, replayed: 2, refused: 0 })
  })

  it('with missing reports adds them, and with another report of an asset at an index refuses that one', async () => {
    const id = { 'x-request-id': 'batch-grown' }
    const items = [report('GROWN-1'), report('GROWN-2')]
    await answered(items, id)
    const changed = [items[0], { ...items[1], type: 'Changed' }, report('GROWN-3')]
    const { results } = await answered(changed, id)
    assert.deepEqual(
      results.map(({ code, replayed }) => [code, replayed ?? false]),
      [
        [200, true],
        [409, false],
        [200, false],
      ],
    )
    assert.equal((await getAsset(connection, token, 'GROWN-2')).json().type, null)
    const { counts } = await answered([report('GROWN-4'), ...items], id)
    assert.deepEqual(counts, { items: 3, stored: 3, replayed: 0, refused: 0 }, 'at other indexes')
  })

  it('with ids=content is stored once, however it is split, and exactly as sent', async () => {
    const [A, B, C] = ['C-1', 'C-2', 'C-3'].map((id) => JSON.stringify(report(id)))
    const large = JSON.stringify({ ...report('C-4'), padding: 'x'.repeat(100_000) })
    const counts = async (...lines: (string | undefined)[]) => {
      const body = lines.join('\r\n')
      return (await trackBatch(connection, token, body, NDJSON, '?ids=content')).json().counts
    }
    const some = { items: 3, stored: 2, replayed: 1, refused: 0 }
    assert.deepEqual(await counts(A, B, A), some, 'the same line twice')
    assert.deepEqual(await counts(C, A, large), { ...some }, 'on the thread of large bodies')
    assert.deepEqual(await counts(large, B, C), { ...some, stored: 0, replayed: 3 })
    const { latest } = (await getAsset(connection, token, 'C-1')).json()
    assert.deepEqual(latest, JSON.parse(String(A)))
    assertApiError(await trackBatch(connection, token, A, NDJSON, '?ids=index'), 400)
  })

  it('may use one idempotency_key for several assets', async () => {
    const items = ['S-1', 'S-2', 'S-3'].map((id) => ({ ...report(id), idempotency_key: 'second' }))
    assert.equal((await answered(items)).counts.stored, 3)
    assert.equal((await answered(items.toReversed())).counts.replayed, 3)
    assert.equal((await answered([{ ...items[0], more: 1 }])).results[0]?.code, 409)
  })

  it('split differently recognizes each report by its idempotency_key', async () => {
    const items = ['K-1', 'K-2', 'K-3'].map((id) => ({
      ...report(id),
      idempotency_key: `key-${id}`,
    }))
    assert.equal((await answered(items.slice(0, 2))).counts.stored, 2)
    const { counts } = await answered(items.toReversed())
    assert.deepEqual(counts, { items: 3, stored: 1, replayed: 2, refused: 0 })
    const alone = await track(connection, token, items[0], { 'x-request-id': 'key-K-1' })
    assert.equal(alone.headers['idempotent-replay'], 'true')
    const twice = [items[0], items[0], { ...items[0], more: 1 }].map((item) => ({
      ...item,
      idempotency_key: 'key-twice',
    }))
    assert.deepEqual((await answered(twice)).counts, {
      items: 3,
      stored: 1,
      replayed: 1,
      refused: 1,
    })
  })

  it('recognizes a line that was sent alone, with the newline at its end', async () => {
    const line = `${JSON.stringify({ ...report('NEWLINE'), idempotency_key: 'key-newline' })}\n`
    const alone = () => track(connection, token, line, { 'x-request-id': 'key-newline' })
    assert.equal((await alone()).headers['idempotent-replay'], undefined)
    const batch = await trackBatch(connection, token, line, NDJSON)
    assert.deepEqual(batch.json().counts, { items: 1, stored: 0, replayed: 1, refused: 0 })
    assert.equal((await alone()).headers['idempotent-replay'], 'true')
  })

  it('by another client is another batch', async () => {
    const other = await accessToken(connection, await createClient(server))
    const id = { 'x-request-id': 'batch-of-two-clients' }
    const items = [{ ...report('SHARED'), idempotency_key: 'shared-key' }, report('SHARED-2')]
    await answered(items, id)
    const answer = await trackBatch(connection, other, items, id)
    assert.equal(Object(answer.json().counts).stored, 2)
  })

  it('survives kill -9 once it was acknowledged', async () => {
    const id = { 'x-request-id': 'batch-killed' }
    const items = [report('KILLED-1'), report('KILLED-2')]
    await answered(items, id)
    connection.close()
    await server.restart('SIGKILL')
    connection = openConnection(server.url)
    token = await accessToken(connection, server.credentials)
    assert.equal((await answered(items, id)).counts.replayed, 2)
    assert.equal((await getAsset(connection, token, 'KILLED-2')).status, 200)
  })
})

describe('sending a batch', () => {
  it('requires the scope, which is checked before the body is read', async () => {
    const scope = { scope: 'asset:track:read' }
    const reader = await accessToken(connection, server.credentials, scope)
    assertApiError(await trackBatch(connection, reader, [report('REFUSED')]), 403)
    assertApiError(await trackBatch(connection, 'x.y.z', [report('REFUSED')]), 401)
    await assertUnknown('REFUSED')
  })
})
