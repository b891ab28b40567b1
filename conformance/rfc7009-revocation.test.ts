/** Token revocation (RFC 7009), and the use of a revoked token at the API. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { type AddressedClient, post, revoke } from './support/token-management.ts'
import { accessToken, asForm, asJson, basic, createClient } from './support/token-requests.ts'
import { get } from './support/track-requests.ts'

let server: RunningServer
let connection: Connection
let other: AddressedClient

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  other = await createClient(server, '--name', 'Another')
})
after(async () => {
  connection.close()
  await server.stop()
})

const newToken = (): Promise<string> => accessToken(connection, server.credentials)
const use = (token: string): Promise<Answer> => get(connection, token, '/v1/assets')

describe('POST /oauth2/revoke', () => {
  it('§2.2: revokes a token at once, and no other one', async () => {
    const [token, sibling] = [await newToken(), await newToken()]
    assert.equal((await use(token)).status, 200, 'and now it is in the cache of verified tokens')
    const answer = await revoke(connection, server.credentials, token)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const refused = await use(token)
    assert.equal(refused.status, 401)
    assert.match(refused.headers['www-authenticate'] ?? '', /error="invalid_token"/)
    assert.equal((await use(sibling)).status, 200)
  })

  it('revokes a token for the admin API as well', async () => {
    const administrator = await createClient(server, '--audience', `${server.url}/admin/v1`)
    const token = await accessToken(connection, administrator)
    const list = async () => (await get(connection, token, '/admin/v1/clients')).status
    assert.equal(await list(), 200)
    await revoke(connection, administrator, token)
    assert.equal(await list(), 401)
  })

  it('survives a restart', async () => {
    const token = await newToken()
    await revoke(connection, server.credentials, token)
    await server.restart('SIGKILL')
    assert.equal((await use(token)).status, 401)
  })

  it('§2.1: authenticates the client, by any method, in a form or in JSON', async () => {
    const { client_id, client_secret } = server.credentials
    const ways = [
      (token: string) => asForm({ token, client_id, client_secret }),
      (token: string) => asForm({ token }, basic(client_id, client_secret)),
      (token: string) => asJson({ token, client_id, client_secret }),
    ]
    for (const way of ways) {
      const token = await newToken()
      assert.equal((await post(connection, 'revoke', way(token))).status, 200)
      assert.equal((await use(token)).status, 401)
    }
  })

  it('§2.1: refuses failed client authentication, and leaves the token valid', async () => {
    const token = await newToken()
    const { client_id } = server.credentials
    const strangers = [
      asForm({ token }),
      asForm({ token, client_id }),
      asForm({ token, client_id, client_secret: other.client_secret }),
      asForm({ token }, { authorization: `Bearer ${token}` }),
      asForm({ token, ...other, client_id: 'client_nobody' }),
    ]
    for (const stranger of strangers) {
      const answer = await post(connection, 'revoke', stranger)
      assert.equal(answer.status, 401, answer.text)
      assert.equal(answer.json().error, 'invalid_client')
      assert.match(answer.headers['www-authenticate'] ?? '', /^Basic realm="/)
    }
    assert.equal((await use(token)).status, 200)
  })

  it('§2.1: refuses a token of another client, and leaves it valid', async () => {
    const token = await newToken()
    const answer = await revoke(connection, other, token)
    assert.equal(answer.status, 400)
    assert.equal(answer.json().error, 'invalid_request')
    assert.equal((await use(token)).status, 200)
  })

  it('§2.2: returns 200 for anything that is not a valid token', async () => {
    const token = await newToken()
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const altered = `${header}.${payload}.${randomBytes(256).toString('base64url')}`
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`
    const nothings = ['x', 'a.b.c', '%00', '\u{1f600}', altered, none, `${token}=`, ` ${token}`]
    for (const nothing of [...nothings, signature]) {
      const answer = await revoke(connection, server.credentials, nothing)
      assert.equal(answer.status, 200, nothing)
    }
    assert.equal((await use(token)).status, 200)
    await revoke(connection, server.credentials, token)
    assert.equal((await revoke(connection, server.credentials, token)).status, 200, 'twice')
  })

  it('§2.1: accepts any hint, including a wrong or an unknown one', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'x', '']) {
      const token = await newToken()
      const answer = await revoke(connection, server.credentials, token, { token_type_hint })
      assert.equal(answer.status, 200)
      assert.equal((await use(token)).status, 401)
    }
  })

  it('§2.1: requires exactly one token, in the body', async () => {
    const { client_id, client_secret } = server.credentials
    const token = await newToken()
    const faulty = [
      asForm({ client_id, client_secret }),
      asForm({ client_id, client_secret, token: '' }),
      asForm([
        ['client_id', client_id],
        ['client_secret', client_secret],
        ['token', token],
        ['token', token],
      ]),
      asForm({ token, client_id, client_secret }, basic(client_id, client_secret)),
      asForm({ client_id, client_secret, token: 'x'.repeat(15_000) }),
    ]
    for (const message of faulty) {
      const answer = await post(connection, 'revoke', message)
      assert.equal(answer.status, 400, answer.text)
      assert.equal(answer.json().error, 'invalid_request')
    }
    assert.equal((await use(token)).status, 200)
  })
})

describe('miot token revoke', () => {
  it('revokes a token from standard input, without printing it', async () => {
    const token = await newToken()
    const { status, stdout, stderr } = await server.miot(['token', 'revoke'], {
      input: `${token}\n`,
    })
    assert.equal(status, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { revoked: true })
    assert.equal((await use(token)).status, 401)
  })

  it('fails for a token of another client, and with a wrong secret', async () => {
    const token = await newToken()
    const asOther = { MIOT_CLIENT_ID: other.client_id, MIOT_CLIENT_SECRET: other.client_secret }
    const wrong = { MIOT_CLIENT_SECRET: other.client_secret }
    for (const env of [asOther, wrong]) {
      const { status, stderr } = await server.miot(['token', 'revoke', token], { env })
      assert.notEqual(status, 0)
      assert.ok(!stderr.includes(token))
    }
    assert.equal((await use(token)).status, 200)
  })
})

describe('a token in a URL', () => {
  it('is refused at both endpoints, since URLs are written to logs', async () => {
    const { client_id, client_secret } = server.credentials
    const token = await newToken()
    for (const endpoint of ['revoke', 'introspect'] as const) {
      const path = `/oauth2/${endpoint}?token=${token}`
      const answer = await connection.send({ path, ...asForm({ client_id, client_secret }) })
      assert.equal(answer.status, 400)
      assert.match(String(answer.json().error_description), /not in the query/)
    }
    assert.equal((await use(token)).status, 200)
  })
})

describe('revoking all tokens of a client', () => {
  it('ends the tokens issued before and none issued after, in the same second', async () => {
    const client = await createClient(server)
    const before = await accessToken(connection, client)
    assert.equal((await use(before)).status, 200)
    const { status, stderr } = await server.miot(['clients', 'revoke-tokens', client.client_id])
    assert.equal(status, 0, stderr)
    await refusedInTime(before)
    for (let round = 0; round < 5; round++) {
      assert.equal((await use(await accessToken(connection, client))).status, 200)
    }
    assert.equal((await use(before)).status, 401)
  })

  it('happens once per Idempotency-Key, through the admin API', async () => {
    const administrator = await createClient(server, '--audience', `${server.url}/admin/v1`)
    const authorization = `Bearer ${await accessToken(connection, administrator)}`
    const client = await createClient(server)
    const before = await accessToken(connection, client)
    const send = () =>
      connection.send({
        path: `/admin/v1/clients/${client.client_id}/tokens/revoke`,
        headers: { authorization, 'idempotency-key': 'cut-1' },
      })
    const first = await send()
    assert.equal(first.status, 200, first.text)
    assert.equal((await use(before)).status, 401, 'in the same process at once')
    const since = await accessToken(connection, client)
    assert.equal((await use(since)).status, 200)
    const second = await send()
    assert.equal(second.headers['idempotent-replay'], 'true')
    assert.equal(second.text, first.text)
    assert.equal(second.headers.etag, first.headers.etag)
    assert.equal((await use(since)).status, 200)
  })

  it('is part of disabling it, and enabling it again restores none', async () => {
    const client = await createClient(server)
    const token = await accessToken(connection, client)
    await server.miot(['clients', 'disable', client.client_id])
    await refusedInTime(token)
    await server.miot(['clients', 'enable', client.client_id])
    assert.equal((await use(token)).status, 401)
  })

  /** `miot` is another process; its change arrives within a second. */
  async function refusedInTime(token: string): Promise<void> {
    const deadline = performance.now() + 1000
    while ((await use(token)).status !== 401) assert.ok(performance.now() < deadline, 'in time')
  }
})
