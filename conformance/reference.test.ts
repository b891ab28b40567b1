/**
 * The pages for people: `GET /`, and `GET /reference`, which renders the OpenAPI documents. Neither
 * loads anything from another host.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { Script } from 'node:vm'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'

let server: RunningServer
let connection: Connection

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
})
after(async () => {
  connection.close()
  await server.stop()
})

const BROWSER = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }

const open = (path: string, headers: Record<string, string> = BROWSER): Promise<Answer> =>
  connection.send({ method: 'GET', path, headers })

/** What the page makes a browser load. */
const loadedBy = ({ text }: Answer): string[] =>
  [...text.matchAll(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)="([^"]*)"/g)].map(
    (match) => match[1] as string,
  )

describe('GET /reference', () => {
  for (const [path, document] of [
    ['/reference', '/openapi.json'],
    ['/reference/admin', '/admin/v1/openapi.json'],
  ] as const) {
    it(`${path} renders ${document}, with files of this server only`, async () => {
      const page = await open(path)
      assert.equal(page.status, 200)
      assert.match(String(page.headers['content-type']), /^text\/html/)
      assert.ok(page.text.includes(`data-document="${document}"`))
      assert.equal((await open(document)).status, 200)
      const loaded = loadedBy(page).filter((url) => url !== 'data:,')
      assert.equal(loaded.length, 4)
      for (const url of loaded) {
        assert.match(url, /^\/reference\//)
        const file = await open(url)
        assert.equal(file.status, 200, url)
        const type = url.endsWith('.css') ? 'text/css' : 'text/javascript'
        assert.ok(String(file.headers['content-type']).startsWith(type), url)
        assert.equal(file.headers['x-content-type-options'], 'nosniff')
        if (type === 'text/css') assert.doesNotMatch(file.text, /@import|url\((?!"?data:)/)
        else new Script(file.text)
      }
    })
  }

  it('has a policy that allows nothing inline and no other host', async () => {
    const page = await open('/reference')
    const policy = String(page.headers['content-security-policy'])
    assert.match(policy, /^default-src 'none';/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.doesNotMatch(page.text, /<style|\sstyle=|<script>|\son\w+=/)
  })

  it('is compressed, and sent once to a browser that has it', async () => {
    const plain = await open('/reference/swagger-ui-bundle.js')
    const response = await fetch(`${server.url}/reference/swagger-ui-bundle.js`, {
      headers: { 'accept-encoding': 'gzip' },
    })
    assert.equal(response.headers.get('content-encoding'), 'gzip')
    assert.equal(await response.text(), plain.text)
    const etag = String(plain.headers.etag)
    const again = await open('/reference/swagger-ui-bundle.js', { 'if-none-match': etag })
    assert.deepEqual([again.status, again.text], [304, ''])
  })

  it('is dark where the browser asks for it, in the styles of Swagger UI and in ours', async () => {
    const dark = /@media \(prefers-color-scheme: dark\)/
    for (const path of ['/', '/reference/page.css']) assert.match((await open(path)).text, dark)
    const { text } = await open('/reference/page.js')
    assert.match(text, /matchMedia\('\(prefers-color-scheme: dark\)'\)/)
    const name = /classList\.toggle\('([\w-]+)', dark\.matches\)/.exec(text)?.[1] ?? ''
    const styles = (await open('/reference/swagger-ui.css')).text
    assert.ok(styles.includes(`html.${name} .swagger-ui{background:`), name)
  })

  it('sends no request from the page', async () => {
    const { text } = await open('/reference/page.js')
    assert.match(text, /supportedSubmitMethods: \[\]/)
    assert.match(text, /validatorUrl: null/)
  })
})

describe('GET /', () => {
  it('answers a browser with a page, without assets of other hosts', async () => {
    const page = await open('/')
    assert.equal(page.status, 200)
    assert.match(String(page.headers['content-type']), /^text\/html/)
    assert.match(
      String(page.headers['content-security-policy']),
      /^default-src 'none'; style-src 'sha256-/,
    )
    assert.deepEqual(loadedBy(page), [])
    for (const [, path = ''] of page.text.matchAll(/<a href="([^"]*)"/g)) {
      assert.equal((await open(path)).status, 200, path)
    }
  })

  it('answers any client that prefers HTML with the page', async () => {
    for (const accept of [
      'TEXT/HTML',
      'application/json;q=0.5,text/html;level=1;q=0.9',
      '*/*, text/html',
    ]) {
      const page = await open('/', { accept })
      assert.match(String(page.headers['content-type']), /^text\/html/, accept)
    }
  })

  it('answers everyone else with JSON', async () => {
    for (const headers of [
      ...[{}, { accept: '*/*' }, { accept: 'application/json' }],
      ...[{ accept: 'text/html;q=0' }, { accept: 'text/html ; Q=0.000, */*' }],
      ...[{ accept: 'text/html;q=0.5, application/json' }, { accept: 'text/html-x' }],
    ]) {
      const answer = await open('/', headers as Record<string, string>)
      assert.match(String(answer.headers['content-type']), /^application\/json/)
      const { login, reference } = answer.json()
      assert.deepEqual(
        [login, reference],
        [`${server.url}/api/v1/login`, `${server.url}/reference`],
      )
      assert.equal(answer.headers.vary, 'Accept')
    }
    assert.equal((await connection.send({ method: 'POST', path: '/' })).status, 405)
  })

  it('shows three commands that work', async (t) => {
    if (spawnSync('curl', ['--version']).status !== 0) return t.skip('curl is not installed')
    const { text } = await open('/')
    const commands = [...text.matchAll(/<pre><code>(.*?)<\/code><\/pre>/gs)].map((match) =>
      (match[1] as string)
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&amp;', '&'),
    )
    assert.equal(commands.length, 3)
    const { client_id, client_secret } = server.credentials
    const { stdout, stderr } = spawnSync('sh', ['-c', commands.join('\n')], {
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        MIOT_CLIENT_ID: client_id,
        MIOT_CLIENT_SECRET: client_secret,
      },
    })
    assert.match(stdout, /"status":"success".*"asset_id":"TRUCK-001"/s, stdout + stderr)
  })
})
