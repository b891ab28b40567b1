/**
 * Allowed addresses of a client, over real sockets: loopback has more than one address to connect
 * from.
 */

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type RunningServer, startServer } from './support/running-server.ts'

let server: RunningServer

before(async () => {
  server = await startServer()
})
after(() => server.stop())

const HOME = '127.0.0.1'
const ELSEWHERE = '127.0.0.2'

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** A request from this address. */
function from(
  localAddress: string,
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { port } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: HOME,
        port,
        localAddress,
        method,
        path,
        headers: options.headers ?? {},
      },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text ? JSON.parse(text) : {} }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

async function newClient(...options: string[]) {
  const made = await server.miot(['clients', 'create', '--name', 'x', '--json', ...options])
  const { client_id, client_secret, audience } = JSON.parse(made.stdout)
  const body = new URLSearchParams({
    ...{ grant_type: 'client_credentials', client_id, client_secret, audience },
  }).toString()
  return {
    login: (address: string, face = '/oauth2/token', secret = client_secret) =>
      from(address, 'POST', face, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: body.replace(client_secret, secret),
      }),
    /** A request about a token (RFC 7009, RFC 7662). */
    about: (token: string, address: string, path: string) =>
      from(address, 'POST', path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token, client_id, client_secret }).toString(),
      }),
  }
}

const bearer = ({ body }: Answer) => ({ headers: { authorization: `Bearer ${body.access_token}` } })

describe('an enforced allowlist', () => {
  for (const face of ['/api/v1/login', '/oauth2/token']) {
    it(`accepts the right secret from an allowed address only at ${face}`, async () => {
      const client = await newClient('--allow', `${HOME}/32`)
      assert.equal((await client.login(HOME, face)).status, 200)
      const refused = await client.login(ELSEWHERE, face)
      assert.equal(refused.status, 403)
      assert.equal(refused.body.error, 'access_denied')
      assert.match(String(refused.body.error_description), /address/)
    })
  }

  it('applies at introspection, at revocation and at the feed', async () => {
    const audience = ['--audience', `${server.url}/oauth2/revocations`]
    const client = await newClient('--allow', `${HOME}/32`, ...audience)
    const login = await client.login(HOME)
    assert.equal(login.status, 200)
    const { access_token: token } = login.body
    for (const path of ['/oauth2/introspect', '/oauth2/revoke']) {
      assert.equal((await client.about(token as string, ELSEWHERE, path)).status, 403)
    }
    const feed = '/oauth2/revocations'
    assert.equal((await from(ELSEWHERE, 'GET', feed, bearer(login))).status, 403)
    assert.equal((await from(HOME, 'GET', feed, bearer(login))).status, 200)
    assert.equal((await client.about(token as string, HOME, '/oauth2/revoke')).status, 200)
    assert.equal((await from(HOME, 'GET', feed, bearer(login))).status, 401)
  })

  it('reveals nothing about addresses for a wrong secret', async () => {
    const client = await newClient('--allow', `${HOME}/32`)
    const wrong = `miot_dev_${'A'.repeat(49)}`
    assert.equal((await client.login(ELSEWHERE, '/oauth2/token', wrong)).status, 401)
  })

  it('applies at every endpoint of the admin API with a token from an allowed address', async () => {
    const audience = `${server.url}/admin/v1`
    const admin = await newClient('--audience', audience, '--allow', `${HOME}/32`)
    const token = bearer(await admin.login(HOME))
    const { body } = await from(HOME, 'GET', '/admin/v1/openapi.json')
    const paths = Object.entries(body.paths as Record<string, object>)
    assert.ok(paths.length >= 7)
    for (const [path, methods] of paths) {
      for (const method of Object.keys(methods)) {
        const url = path.replace(/\{\w+\}/g, 'x')
        const elsewhere = await from(ELSEWHERE, method.toUpperCase(), url, token)
        assert.equal(elsewhere.status, 403, `${method} ${path}`)
        const home = await from(HOME, method.toUpperCase(), url, token)
        // One endpoint is for persons only, which is another 403.
        assert.notEqual(home.body.type, elsewhere.body.type, `${method} ${path}`)
      }
    }
  })

  it('applies at the API with a token from an allowed address', async () => {
    const client = await newClient('--allow', HOME)
    const token = bearer(await client.login(HOME))
    assert.equal((await from(HOME, 'GET', '/v1/assets', token)).status, 200)
    assert.equal((await from(ELSEWHERE, 'GET', '/v1/assets', token)).status, 403)
  })

  it('ignores X-Forwarded-For of an untrusted peer', async () => {
    const client = await newClient('--allow', `${HOME}/32`)
    const token = bearer(await client.login(HOME))
    for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip']) {
      const headers = { ...token.headers, [name]: name === 'forwarded' ? `for=${HOME}` : HOME }
      assert.equal((await from(ELSEWHERE, 'GET', '/v1/assets', { headers })).status, 403, name)
    }
  })
})

describe('an allowlist that observes', () => {
  it('refuses nothing and logs what it would have refused', async () => {
    const client = await newClient('--allow', `${HOME}/32`, '--allow-mode', 'observe')
    const answer = await client.login(ELSEWHERE)
    assert.equal(answer.status, 200)
    assert.equal((await from(ELSEWHERE, 'GET', '/v1/assets', bearer(answer))).status, 200)
    // The log is written concurrently with the responses.
    const reports = (): string[] =>
      server.output().match(/"reason":\{[^}]*\}[^\n]*would be refused/g) ?? []
    const deadline = AbortSignal.timeout(10_000)
    while (reports().length < 2 && !deadline.aborted) await setImmediate()
    assert.equal(reports().length, 2)
    for (const report of reports()) assert.ok(report.includes(`"address":"${ELSEWHERE}"`))
  })
})
