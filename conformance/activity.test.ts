/** Refused requests and counts over time in the admin API: who sees what, and what is kept. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  createAdminClient,
  type ModularIoTAdmin,
  type Refusal,
  RefusedError,
} from '@modulariot/sdk/admin'
import { type Connection, openConnection } from './support/connection.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, asJson, createClient } from './support/token-requests.ts'
import { report, track } from './support/track-requests.ts'
import { until } from './support/until.ts'

let server: RunningServer
let connection: Connection
let admin: ModularIoTAdmin
let device: Credentials

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  admin = await adminOf()
  device = server.credentials
})
after(async () => {
  connection.close()
  await server.stop()
})

async function adminOf(...options: string[]): Promise<ModularIoTAdmin> {
  const audience = `${server.url}/admin/v1`
  const { client_id, client_secret } = await createClient(
    server,
    '--audience',
    audience,
    ...options,
  )
  return createAdminClient({ issuer: server.url, client_id, client_secret })
}

const login = (changes: Partial<Credentials>) =>
  connection.send({ path: '/api/v1/login', ...asJson({ ...device, ...changes }) })

const refusalOf = (kind: string, by = admin): Promise<Refusal> =>
  until(async () => {
    for await (const refusal of by.activity.refusals({ kind })) return refusal
    return undefined
  })

const WRONG_SECRET = `miot_dev_${'a'.repeat(49)}`

describe('refused requests', { concurrency: true }, () => {
  it('are listed with their cause, address and request id, and without a secret', async () => {
    const { client_secret } = await createClient(server)
    const answer = await login({ client_secret })
    assert.equal(answer.status, 401)
    const { id, at, ...refusal } = await refusalOf('wrong_secret')
    assert.ok(id.startsWith(at))
    assert.deepEqual(refusal, {
      client_id: device.client_id,
      kind: 'wrong_secret',
      endpoint: 'POST /api/v1/login',
      status: 401,
      detail: {},
      address: '127.0.0.1',
      user_agent: null,
      request_id: answer.headers['x-request-id'],
      times: 1,
    })
    assert.ok(!JSON.stringify(refusal).includes(client_secret))
  })

  it('name the audience that was not granted', async () => {
    await login({ audience: 'https://iot.example/elsewhere' })
    const { detail, client_id } = await refusalOf('audience_not_granted')
    assert.deepEqual(detail, { audience: 'https://iot.example/elsewhere' })
    assert.equal(client_id, device.client_id)
  })

  it('of ModularIoT API belong to the client of the token', async () => {
    const token = await accessToken(connection, device)
    await track(connection, token, { ...report('truck'), timestamp: 'yesterday' })
    const { client_id, endpoint, status } = await refusalOf('validation_error')
    assert.deepEqual([client_id, endpoint, status], [device.client_id, 'POST /v1/asset/track', 400])
  })

  it('of a token for another API belong to its client, since its signature is ours', async () => {
    const other = await createClient(server, '--audience', `${server.url}/admin/v1`)
    await track(connection, await accessToken(connection, other), report('truck'))
    const { client_id, detail } = await refusalOf('claim_rejected')
    assert.deepEqual([client_id, detail], [other.client_id, { claim: 'aud' }])
  })

  it('of no known client do not repeat a secret sent as its id, nor show in development', async () => {
    await login({ client_id: WRONG_SECRET })
    const production = await adminOf('--environment', 'production')
    const { client_id, detail } = await refusalOf('unknown_client', production)
    assert.equal(client_id, null)
    assert.deepEqual(await Array.fromAsync(admin.activity.refusals({ kind: 'unknown_client' })), [])
    assert.ok(!JSON.stringify(detail).includes(WRONG_SECRET))
  })

  it('of one environment are not shown in the other, nor without the scope', async () => {
    await login({ client_secret: WRONG_SECRET })
    await refusalOf('malformed_secret')
    const other = await adminOf('--environment', 'production')
    for await (const { client_id } of other.activity.refusals()) assert.equal(client_id, null)
    await assert.rejects(other.activity.get({ client_id: device.client_id }), { status: 404 })
    const poor = await adminOf('--scope', 'clients:read')
    await assert.rejects(Array.fromAsync(poor.activity.refusals()), { status: 403 })
    await assert.rejects(poor.activity.get(), { status: 403 })
  })

  it('need a period that makes sense', async () => {
    const since = Array.fromAsync(admin.activity.refusals({ since: 'yesterday' }))
    await assert.rejects(since, RefusedError)
    const year = { from: '2025-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }
    await assert.rejects(admin.activity.get(year), /at most 1000 hours/)
    await assert.rejects(admin.activity.get({ from: year.to, to: year.from }), /before to/)
  })
})

describe('miot clients refusals', () => {
  it('lists them on the server’s machine and over the network', async () => {
    const { client_id, client_secret } = await createClient(server, '--name', 'Misled pump')
    await login({ client_id, audience: 'https://iot.example/none', client_secret })
    await refusalOf('audience_not_granted')
    const found = await until(async () => {
      const { stdout } = await server.miot(['clients', 'refusals', 'Misled pump', '--json'])
      return (JSON.parse(stdout).refusals as Refusal[])[0]
    })
    assert.equal(found.client_id, client_id)
    const table = await server.miot(['clients', 'refusals', client_id, '--no-json'])
    assert.match(table.stdout, /KIND/)
    assert.match(table.stdout, /audience_not_granted +1 +403 +POST \/api\/v1\/login +127\.0\.0\.1/)
    const none = await server.miot(['clients', 'refusals', '--kind', 'no_such', '--no-json'])
    assert.equal(none.stdout, 'No request was refused in this time.\n')
    const unknown = await server.miot(['clients', 'refusals', 'client_unknown', '--json'])
    assert.equal(unknown.status, 3)
    const audience = `${server.url}/admin/v1`
    const administrator = await createClient(server, '--audience', audience)
    const remote = await server.miot(
      ['--url', server.url, 'clients', 'refusals', client_id, '--limit', '1', '--json'],
      {
        env: {
          MIOT_CLIENT_ID: administrator.client_id,
          MIOT_CLIENT_SECRET: administrator.client_secret,
        },
      },
    )
    assert.equal(remote.status, 0, remote.stderr)
    assert.deepEqual((JSON.parse(remote.stdout).refusals as Refusal[])[0]?.id, found.id)
  })
})

describe('counts over time', () => {
  it('have each hour of the tenant, and each day of a client', async () => {
    const client = await createClient(server)
    await accessToken(connection, client)
    await login({ ...client, audience: 'https://iot.example/elsewhere' })
    const day = await until(async () => {
      const { step_seconds, steps } = await admin.activity.get({ client_id: client.client_id })
      assert.equal(step_seconds, 86_400)
      const last = steps.at(-1)
      return last?.tokens && last.refusals.audience_not_granted ? last : undefined
    })
    assert.deepEqual([day.tokens, day.tokens_early], [1, 0])
    assert.deepEqual(day.refusals, { audience_not_granted: 1 })
    const { step_seconds, steps } = await admin.activity.get()
    assert.equal(step_seconds, 3600)
    assert.ok(steps.length >= 7 * 24)
    assert.ok((steps.at(-1)?.tokens ?? 0) + (steps.at(-2)?.tokens ?? 0) >= 1)
  })
})
