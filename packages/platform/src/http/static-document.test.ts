import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { staticDocument } from './static-document.ts'

const DOCUMENT = { text: 'x'.repeat(5000) }
const JSON_TEXT = JSON.stringify(DOCUMENT)

const app = Fastify()
app.get(
  '/',
  staticDocument(() => DOCUMENT),
)
app.get(
  '/short',
  staticDocument(() => ({ short: true })),
)

const get = (headers: Record<string, string> = {}, url = '/') => app.inject({ url, headers })

describe('a static document', () => {
  it('is sent as JSON from the same bytes, with an ETag', async () => {
    const [one, other] = [await get(), await get()]
    assert.equal(one.statusCode, 200)
    assert.equal(one.body, JSON_TEXT)
    assert.match(String(one.headers['content-type']), /^application\/json/)
    assert.match(String(one.headers.etag), /^"[\w-]{22}"$/)
    assert.equal(one.headers.etag, other.headers.etag)
    assert.equal(one.headers.vary, 'Accept-Encoding')
  })

  const CODINGS: readonly (readonly [accepted: string, gzip: boolean])[] = [
    ['gzip', true],
    ['GZIP', true],
    ['br, x-gzip', true],
    ['br, *', true],
    ['gzip;q=0.5', true],
    ['gzip;q=0', false],
    ['*, gzip; q=0.000', false],
    ['br', false],
    ['', false],
    ['identity', false],
  ]
  for (const [accepted, gzip] of CODINGS) {
    it(`is ${gzip ? '' : 'not '}compressed for ${accepted || 'an empty list'}`, async () => {
      const { headers, rawPayload } = await get({ 'accept-encoding': accepted })
      assert.equal(headers['content-encoding'], gzip ? 'gzip' : undefined)
      assert.equal(String(gzip ? gunzipSync(rawPayload) : rawPayload), JSON_TEXT)
    })
  }

  it('is not sent again to a caller that has it', async () => {
    const { headers } = await get()
    const etag = String(headers.etag)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get({ 'if-none-match': known })
      assert.equal(again.statusCode, 304, known)
      assert.equal(again.body, '')
      assert.equal(again.headers.etag, etag)
    }
    assert.equal((await get({ 'if-none-match': '"other"' })).statusCode, 200)
  })

  it('has another ETag when it is compressed', async () => {
    const plain = await get()
    const compressed = await get({ 'accept-encoding': 'gzip' })
    assert.notEqual(plain.headers.etag, compressed.headers.etag)
    const known = { 'if-none-match': String(plain.headers.etag) }
    assert.equal((await get({ ...known, 'accept-encoding': 'gzip' })).statusCode, 200)
  })

  it('is never compressed when it is short', async () => {
    const { headers, body } = await get({ 'accept-encoding': 'gzip' }, '/short')
    assert.equal(headers['content-encoding'], undefined)
    assert.equal(body, '{"short":true}')
  })
})
