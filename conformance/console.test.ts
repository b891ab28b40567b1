/** The console as files: what a browser gets before any script of it runs. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildConsole } from '../scripts/build-packages.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

describe('the console', () => {
  let server: RunningServer
  before(async () => {
    buildConsole()
    server = await startServer()
  })
  after(() => server?.stop())

  const get = (path: string, accept = 'text/html') =>
    fetch(server.url + path, { redirect: 'manual', headers: { accept } })

  it('answers every page with a document under a strict policy', async () => {
    for (const path of [
      '/console/',
      '/console/sign-in',
      '/console/org_1/production/applications',
    ]) {
      const { status, headers } = await get(path)
      assert.equal(status, 200, path)
      assert.match(String(headers.get('content-type')), /^text\/html/)
      assert.equal(headers.get('cache-control'), 'no-cache')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('referrer-policy'), 'no-referrer')
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin')
      const policy = String(headers.get('content-security-policy'))
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
      assert.match(policy, /base-uri 'none'; frame-ancestors 'none'$/)
      assert.doesNotMatch(policy, /unsafe/)
    }
  })

  it('names only files of its own, which exist, and has no inline script or style', async () => {
    const html = await (await get('/console/')).text()
    assert.doesNotMatch(html, /<style|<script(?![^>]* src=)| style=| on\w+=/)
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => String(match[1]))
    assert.ok(files.length >= 3)
    let compressed = 0
    for (const file of files) {
      assert.match(file, /^\/console\//)
      const { status, headers } = await get(file)
      assert.equal(status, 200, file)
      if (!file.includes('/assets/')) continue
      assert.equal(headers.get('cache-control'), 'public, max-age=31536000, immutable')
      if (headers.get('content-encoding') === 'gzip') compressed++
    }
    assert.ok(compressed >= 3, 'all but the smallest are compressed')
  })

  it('is found from the addresses that people try', async () => {
    assert.equal((await get('/console')).headers.get('location'), '/console/')
    assert.equal((await get('/signup')).headers.get('location'), '/console/sign-up')
    assert.match(await (await get('/')).text(), /<a href="\/console\/">/)
    const summary = (await (await get('/', 'application/json')).json()) as { console: string }
    assert.equal(summary.console, `${server.url}/console/`)
  })

  it('refuses files that it does not have, and other methods', async () => {
    assert.equal((await get('/console/assets/none.js')).status, 404)
    assert.equal((await get('/console/..%2fpackage.json')).status, 404)
    const posted = await fetch(`${server.url}/console/`, { method: 'POST' })
    assert.equal(posted.status, 405)
    assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  })

  it('serves the map of MIOT_CONSOLE_MAP by ranges, and says when there is none', async () => {
    assert.deepEqual(await (await get('/console/map.json')).json(), { archive: null })
    assert.equal((await get('/console/map.pmtiles')).status, 404)
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-map-'))
    const path = join(folder.path, 'a map.pmtiles')
    writeFileSync(path, 'PMTiles\u0003 and the rest')
    const mapped = await startServer({ MIOT_CONSOLE_MAP: path })
    try {
      const { archive } = (await (await fetch(`${mapped.url}/console/map.json`)).json()) as {
        archive: string
      }
      const headers = { range: 'bytes=0-6' }
      const part = await fetch(mapped.url + archive, { headers })
      assert.deepEqual([part.status, await part.text()], [206, 'PMTiles'])
      assert.equal(part.headers.get('content-range'), 'bytes 0-6/21')
      assert.match(String(part.headers.get('content-security-policy')), /^default-src 'none'/)
      // Anywhere else, the same file would be another origin's.
      assert.equal(part.headers.get('access-control-allow-origin'), null)
    } finally {
      await mapped.stop()
    }
  })

  it('does not start with a map that it cannot read', async () => {
    for (const [path, reason] of [
      ['/nowhere/map.pmtiles', 'cannot be read: ENOENT'],
      [tmpdir(), 'cannot be read: EISDIR'],
      [import.meta.filename, 'is no PMTiles archive of version 3'],
    ] as const) {
      const { status, stderr } = await server.miot(['serve'], { env: { MIOT_CONSOLE_MAP: path } })
      assert.equal(status, 2, stderr)
      assert.ok(stderr.includes(`MIOT_CONSOLE_MAP: ${path} ${reason}`), stderr)
    }
  })

  it('is not there when it is off, nor linked', async () => {
    const off = await startServer({ MIOT_CONSOLE: 'off' })
    try {
      for (const path of [
        '/console',
        '/console/',
        '/console/map.json',
        '/signup',
        '/people/v1/sign-up',
      ]) {
        assert.equal((await fetch(off.url + path)).status, 404, path)
      }
      const home = await fetch(off.url, { headers: { accept: 'text/html' } })
      assert.doesNotMatch(await home.text(), /console/)
    } finally {
      await off.stop()
    }
  })
})
