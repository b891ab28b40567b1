import assert from 'node:assert/strict'
import { mkdtempDisposableSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { pino } from 'pino'
import { rangedFile } from './ranged-file.ts'
import { routeGroup } from './route-group.ts'
import { createHttpServer } from './server.ts'

it('a file of ranges: each status, whole and in parts, and without the file', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-ranges-'))
  const path = join(folder.path, '.50% of it.bin')
  writeFileSync(path, '0123456789')
  const file = rangedFile(path, 'application/octet-stream')
  const http = await createHttpServer({
    applications: [
      { name: 'file', mount: (app) => routeGroup(app, {}, (on) => void on.get('/file', file)) },
    ],
    ...{ logger: pino({ level: 'silent' }), tls: null, trustedProxies: [] },
  })
  const get = async (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') => {
    const answer = await http.inject({ method, url: '/file', headers })
    const range = answer.headers['content-range']
    return { status: answer.statusCode, body: answer.body, range, headers: answer.headers }
  }
  try {
    const whole = await get({})
    assert.deepEqual([whole.status, whole.body], [200, '0123456789'])
    assert.equal(whole.headers['content-type'], 'application/octet-stream')
    assert.equal(whole.headers['accept-ranges'], 'bytes')
    const part = await get({ range: 'bytes=2-4' })
    assert.deepEqual([part.status, part.body, part.range], [206, '234', 'bytes 2-4/10'])
    const last = await get({ range: 'bytes=-3' })
    assert.deepEqual([last.status, last.body], [206, '789'])
    const beyond = await get({ range: 'bytes=10-12' })
    assert.deepEqual([beyond.status, beyond.range], [416, 'bytes */10'])
    assert.equal(beyond.body, 'The file has no such range\n')
    // Several ranges, or another unit, are answered with the whole file (RFC 9110 §14.2).
    for (const range of ['bytes=0-1,3-4', 'pages=1']) {
      assert.equal((await get({ range })).status, 200, range)
    }
    const head = await get({}, 'HEAD')
    assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10'])
    const etag = String(whole.headers.etag)
    assert.equal((await get({ 'if-none-match': etag })).status, 304)
    assert.equal((await get({ 'if-match': '"another"' })).body, 'The file is not as it was\n')
    rmSync(path)
    const gone = await get({})
    assert.deepEqual([gone.status, gone.body], [404, 'There is no such file\n'])
    assert.equal(gone.headers['cache-control'], 'no-store')
  } finally {
    await http.close()
  }
})
