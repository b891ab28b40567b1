import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { createHttpServer } from './server.ts'
import { staticSite } from './static-site.ts'

const SCRIPT = 'export const a = 1'
const home = mkdtempSync(join(tmpdir(), 'miot-site-'))
mkdirSync(join(home, 'dist', 'assets'), { recursive: true })
writeFileSync(join(home, 'secret.js'), 'not for readers')
writeFileSync(join(home, 'dist', 'index.html'), '<!doctype html><title>Page</title>')
writeFileSync(join(home, 'dist', 'built.bin'), 'of no known type')
writeFileSync(join(home, 'dist', 'assets', 'main-1a2b.js'), SCRIPT)
writeFileSync(join(home, 'dist', 'assets', 'main-1a2b.js.gz'), gzipSync(SCRIPT))
after(() => rmSync(home, { recursive: true }))

const siteIn = (folder: string) =>
  createHttpServer({
    applications: [
      staticSite({
        name: 'site',
        below: '/site/',
        folder: join(home, folder),
        immutable: 'assets',
        headers: { 'content-security-policy': "default-src 'none'" },
        redirects: { '/site': '', '/join': 'sign-up' },
        missing: 'Build it',
      }),
    ],
    logger: pino({ level: 'silent' }),
    tls: null,
    trustedProxies: [],
  })

const app = await siteIn('dist')
after(() => app.close())

describe('a static site', () => {
  it('answers its entry for each path without a file', async () => {
    for (const url of ['/site/', '/site/sign-in', '/site/org_1/production/applications?q=a.b']) {
      const { statusCode, body, headers } = await app.inject({ url })
      assert.equal(statusCode, 200, url)
      assert.match(body, /<title>Page/)
      assert.equal(headers['content-type'], 'text/html; charset=utf-8')
      assert.equal(headers['cache-control'], 'no-cache')
      assert.equal(headers['content-security-policy'], "default-src 'none'")
      const again = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } })
      assert.equal(again.statusCode, 304)
    }
  })

  it('serves files with hashed names for good, in the compressed form made before', async () => {
    const url = '/site/assets/main-1a2b.js'
    const plain = await app.inject({ url })
    assert.equal(plain.body, SCRIPT)
    assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
    const gzip = await app.inject({ url, headers: { 'accept-encoding': 'gzip' } })
    assert.equal(gzip.headers['content-encoding'], 'gzip')
    assert.deepEqual(gzip.rawPayload, gzipSync(SCRIPT))
    assert.equal((await app.inject({ url, method: 'HEAD' })).statusCode, 200)
  })

  it('redirects to itself', async () => {
    const locations = { '/site': '/site/', '/join': '/site/sign-up' }
    for (const [url, location] of Object.entries(locations)) {
      const { statusCode, headers } = await app.inject({ url })
      assert.equal(statusCode, 302)
      assert.equal(headers.location, location)
    }
  })

  it('has no file but its own, and says so with the same headers', async () => {
    for (const path of [
      'missing.js',
      'built.bin',
      'assets/main-0000.js',
      'assets/main-1a2b.js.gz',
      '../secret.js',
      '..%2fsecret.js',
      '%2e%2e/secret.js',
      'assets/..%2f..%2fsecret.js',
      'assets\\..\\..\\secret.js',
      '/etc/passwd.js',
      'main.js%00',
    ]) {
      const answer = await raw(`GET /site/${path} HTTP/1.1`)
      assert.match(answer, /^HTTP\/1\.1 404 /, path)
      assert.doesNotMatch(answer, /not for readers/)
    }
    const { headers } = await app.inject({ url: '/site/missing.js' })
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['content-security-policy'], "default-src 'none'")
  })

  it('answers a page whose path holds the dotted name of an asset', async () => {
    const { statusCode, headers, body } = await app.inject({ url: '/site/org/assets/TRUCK.001' })
    assert.equal(statusCode, 200)
    assert.match(body, /<title>Page/)
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal((await app.inject({ url: '/site/assets/TRUCK' })).statusCode, 404)
  })

  it('refuses every other method with those it has', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND']) {
      const answer = await raw(`${method} /site/assets/main-1a2b.js HTTP/1.1`)
      assert.match(answer, /^HTTP\/1\.1 405 /, method)
      assert.match(answer, /^allow: GET, HEAD\r$/im, method)
    }
  })

  it('says what to do when it is not built', async () => {
    const empty = await siteIn('nowhere')
    const { statusCode, body } = await empty.inject({ url: '/site/' })
    assert.equal(statusCode, 503)
    assert.equal(body, 'Build it\n')
    await empty.close()
  })
})

/** The answer to a request whose path no library has tidied up. */
async function raw(requestLine: string): Promise<string> {
  if (!app.server.listening) await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const socket = connect(port, '127.0.0.1')
  socket.end(`${requestLine}\r\nHost: a\r\nConnection: close\r\n\r\n`)
  let answer = ''
  for await (const part of socket) answer += part
  return answer
}
