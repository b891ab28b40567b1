/** Changes by `miot` take effect in the running server within a second. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import { report, track } from './support/track-requests.ts'

const IN_FORCE_WITHIN_MS = 1000

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

function login(credentials: Credentials): Promise<Answer> {
  return connection.send({ path: '/api/v1/login', ...asJson(credentials) })
}

/** Retries the login until it works or a second has passed. */
async function loginInTime(credentials: Credentials): Promise<Answer> {
  const deadline = performance.now() + IN_FORCE_WITHIN_MS
  for (;;) {
    const answer = await login(credentials)
    if (answer.status === 200 || performance.now() > deadline) return answer
    await sleep(20)
  }
}

describe('while the server runs', () => {
  it('a client created with miot can log in within a second, and track', async () => {
    // The server then has its clients in memory when the change arrives.
    await accessToken(connection, server.credentials)
    const client = await createClient(server, '--name', 'Made while it runs')
    const answer = await loginInTime(client)
    assert.equal(answer.status, 200, answer.text)
    const token = answer.json().access_token as string
    assert.equal((await track(connection, token, report('LIVE'))).status, 200)
  })

  it('clients created at the same moment can all log in', async () => {
    const clients = await Promise.all(Array.from({ length: 3 }, () => createClient(server)))
    assert.equal(new Set(clients.map(({ client_id }) => client_id)).size, 3)
    for (const client of clients) assert.equal((await loginInTime(client)).status, 200)
  })

  it('a client that was refused at first can log in later', async () => {
    const client = await createClient(server)
    const wrong = { ...client, client_secret: server.credentials.client_secret }
    assert.equal((await login(wrong)).status, 401)
    assert.equal((await loginInTime(client)).status, 200)
  })

  it('an audience changed with miot gives its tokens the new rules within a second', async () => {
    const client = await createClient(server)
    await loginInTime(client)
    const { audience } = client
    const rules = ['--token-lifetime', '600', '--add-scope', 'x:y']
    const { status, stderr } = await server.miot(['audiences', 'update', audience, ...rules])
    assert.equal(status, 0, stderr)
    const deadline = performance.now() + IN_FORCE_WITHIN_MS
    let lifetime: unknown
    do {
      lifetime = (await login(client)).json().expires_in
      await sleep(20)
    } while (lifetime !== 600 && performance.now() < deadline)
    assert.equal(lifetime, 600)
  })

  const taken: Readonly<Record<string, (client: Credentials) => readonly string[]>> = {
    'a client disabled': ({ client_id }) => ['clients', 'disable', client_id],
    'a client deleted': ({ client_id }) => ['clients', 'delete', client_id, '--yes'],
    'a secret rotated': ({ client_id }) => ['secrets', 'rotate', client_id, '--overlap', '0'],
    'an address no longer allowed': ({ client_id }) => [
      'clients',
      'update',
      client_id,
      '--allow',
      '192.0.2.0/24',
    ],
  }
  for (const [what, change] of Object.entries(taken)) {
    it(`${what} with miot is refused within a second, though the server knows the client`, async () => {
      const client = await createClient(server)
      await loginInTime(client)
      const { status, stderr } = await server.miot([...change(client)])
      assert.equal(status, 0, stderr)
      const deadline = performance.now() + IN_FORCE_WITHIN_MS
      let answer = await login(client)
      while (answer.status === 200 && performance.now() < deadline) {
        await sleep(20)
        answer = await login(client)
      }
      assert.ok([401, 403].includes(answer.status), answer.text)
      assert.equal((await login(client)).status, answer.status)
    })
  }

  it('a rotated secret works at once, though the server knows the former one', async () => {
    const client = await createClient(server)
    await loginInTime(client)
    const { stdout } = await server.miot([
      'secrets',
      'rotate',
      client.client_id,
      '--overlap',
      '1h',
      '--json',
    ])
    const { client_secret } = JSON.parse(stdout) as Credentials
    assert.equal((await login({ ...client, client_secret })).status, 200)
    assert.equal((await login(client)).status, 200)
  })

  it('existing clients are not affected', async () => {
    assert.equal((await login(server.credentials)).status, 200)
  })
})
