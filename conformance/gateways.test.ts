/**
 * The recipes of docs/gateways.md with real gateways, each between a caller and an API that notes
 * what reaches it: only requests with a good token do.
 *
 * A gateway that is not installed is skipped, and says how to install it.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@modulariot/platform/testing/free-port'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { FORGERIES, type Genuine } from './support/forged-tokens.ts'
import { findProgram, GATEWAYS, type RunningGateway, startGateway } from './support/gateways.ts'
import { type Credentials, type RunningServer, startServer } from './support/running-server.ts'
import { revoke } from './support/token-management.ts'
import { accessToken, createClient } from './support/token-requests.ts'

/** As in the document. */
const AUDIENCE = 'https://fleet.example/v1'

let server: RunningServer
let toServer: Connection
let api: Server
let client: Credentials
let gatewayClient: Credentials
let genuine: Genuine
/** Headers of the requests that reached the API. */
let reached: IncomingHttpHeaders[] = []

const installed = GATEWAYS.map((gateway) => ({ gateway, binary: findProgram(gateway) }))

before(async () => {
  if (installed.every(({ binary }) => binary === null)) return
  server = await startServer({ MIOT_TRUSTED_PROXIES: 'loopback' })
  toServer = openConnection(server.url)
  const scopes = ['--scope', 'fleet:read', '--scope', 'fleet:write']
  await server.miot(['audiences', 'create', AUDIENCE, ...scopes])
  client = await createClient(server, '--audience', AUDIENCE)
  gatewayClient = await createClient(server, '--audience', AUDIENCE)
  const authorized = ['clients', 'resource-server', gatewayClient.client_id, '--audience', AUDIENCE]
  assert.equal((await server.miot(authorized)).status, 0)
  const jwks = await toServer.send({ method: 'GET', path: '/.well-known/jwks.json' })
  const [jwk] = jwks.json().keys as Genuine['jwk'][]
  genuine = { token: await accessToken(toServer, client), jwk: jwk as Genuine['jwk'] }
  api = createServer((request, response) => {
    reached.push(request.headers)
    request.resume().on('end', () => response.end('from the API'))
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
})
after(async () => {
  toServer?.close()
  api?.close()
  api?.closeAllConnections()
  await server?.stop()
})

for (const { gateway, binary } of installed) {
  const skip =
    binary === null &&
    `NOT TESTED: ${gateway.program} is not installed (to test it, ${gateway.install})`
  describe(`the recipe for ${gateway.program}`, { skip, timeout: 120_000 }, () => {
    let running: RunningGateway
    let connection: Connection

    before(async () => {
      const gatewayPort = await freePort()
      const apiPort = (api.address() as AddressInfo).port
      const places = { url: server.url, apiPort, gatewayPort, resourceServer: gatewayClient }
      running = await startGateway(gateway, binary as string, places)
      connection = openConnection(`http://127.0.0.1:${gatewayPort}`)
    })
    after(async () => {
      connection?.close()
      await running?.stop()
    })

    async function send(bearer: string | null, more: Record<string, string> = {}): Promise<Answer> {
      reached = []
      const authorization = bearer === null ? {} : { authorization: `Bearer ${bearer}` }
      const headers = { ...authorization, ...more }
      return connection.send({ path: '/v1/things?a=1', headers, body: 'a body' })
    }

    async function assertRefused(bearer: string | null, statuses: readonly number[], what: string) {
      const answer = await send(bearer, { 'x-auth-client-id': 'forged' })
      assert.deepEqual(reached, [], `${what}: reached the API`)
      assert.ok(statuses.includes(answer.status), `${what}: ${answer.status}`)
      return answer
    }

    it('lets a good token through, and replaces headers that its caller forged', async () => {
      const forged = {
        'x-auth-client-id': 'admin',
        'x-auth-scope': 'all',
        'x-auth-org-id': 'other',
      }
      const answer = await send(genuine.token, gateway.allHeaders ? forged : {})
      assert.equal(answer.status, 200, answer.text)
      assert.equal(answer.text, 'from the API')
      const [headers] = reached
      if (!gateway.allHeaders) return
      assert.equal(headers?.['x-auth-client-id'], client.client_id)
      assert.equal(headers?.['x-auth-subject'], client.client_id)
      assert.equal(headers?.['x-auth-scope'], 'fleet:read fleet:write')
      assert.match(String(headers?.['x-auth-org-id']), /^org_/)
      assert.equal(headers?.['x-auth-environment'], 'development')
    })

    it('challenges a request without a token', async () => {
      const answer = await assertRefused(null, [401], 'no token')
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
    })

    it('refuses every forgery, and tokens for another audience', async () => {
      for (const { what, forge } of FORGERIES) {
        if (gateway.tolerates.includes(what)) continue
        await assertRefused(await forge(genuine), [400, 401], what)
      }
      const other = await accessToken(toServer, server.credentials)
      await assertRefused(other, [401], 'another audience')
      const own = await createClient(server, '--audience', `${server.url}/admin/v1`)
      await assertRefused(await accessToken(toServer, own), [401], 'the admin API')
    })

    const blind = !gateway.scopes && 'documented: it cannot require one scope of several'
    it('refuses a token without the scope', { skip: blind }, async () => {
      const writer = await accessToken(toServer, client, { scope: 'fleet:write' })
      await assertRefused(writer, [403], 'the scope')
    })

    const slow = gateway.revokedWithinMs === null && 'documented: it does not know revocations'
    it('refuses a token that was revoked', { skip: slow }, async () => {
      const token = await accessToken(toServer, client)
      assert.equal((await send(token)).status, 200)
      assert.equal((await revoke(toServer, client, token)).status, 200)
      const deadline = performance.now() + (gateway.revokedWithinMs ?? 0)
      while (performance.now() < deadline && (await send(token)).status === 200) await sleep(500)
      await assertRefused(token, [401], 'revoked')
    })
  })
}

describe('while ModularIoT does not answer', { timeout: 120_000 }, () => {
  for (const { gateway, binary } of installed.filter(({ gateway }) => gateway.allHeaders)) {
    const skip = binary === null && `NOT TESTED: ${gateway.program} is not installed`
    it(`${gateway.program} lets nothing through`, { skip }, async () => {
      const [gatewayPort, nothing] = [await freePort(), await freePort()]
      const places = {
        ...{ url: `http://localhost:${nothing}`, gatewayPort, resourceServer: gatewayClient },
        apiPort: (api.address() as AddressInfo).port,
      }
      const running = await startGateway(gateway, binary as string, places)
      const connection = openConnection(`http://127.0.0.1:${gatewayPort}`)
      try {
        reached = []
        const headers = { authorization: `Bearer ${genuine.token}` }
        const answer = await connection.send({ path: '/v1/things', headers, body: 'a body' })
        assert.ok(answer.status >= 500, String(answer.status))
        assert.deepEqual(reached, [])
      } finally {
        connection.close()
        await running.stop()
      }
    })
  }
})
