/** RFC 9728: a refused request at the API leads a client to the authorization server. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as oauth from 'oauth4webapi'
import { type Connection, openConnection } from './support/connection.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken } from './support/token-requests.ts'
import { report, track } from './support/track-requests.ts'

const PATH = '/.well-known/oauth-protected-resource'

let server: RunningServer
let connection: Connection

before(async () => {
  // An installation for clients of RFC 9728: the audience is the API's own URL.
  server = await startServer((url) => ({ MIOT_API_AUDIENCE: url }))
  connection = openConnection(server.url)
})
after(async () => {
  connection.close()
  await server.stop()
})

describe('RFC 9728', () => {
  it('§3.2: the document contains exactly the resource and how to use it', async () => {
    const answer = await connection.send({ method: 'GET', path: PATH })
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^application\/json\b/)
    assert.deepEqual(answer.json(), {
      resource: server.url,
      authorization_servers: [server.url],
      scopes_supported: ['asset:track:write', 'asset:track:read'],
      bearer_methods_supported: ['header'],
    })
  })

  it('§2: the resource is the audience of the tokens', async () => {
    const answer = await connection.send({ method: 'GET', path: PATH })
    assert.equal(answer.json().resource, server.credentials.audience)
  })

  it('§5.1: the challenge of a refused request names the document', async () => {
    const refused = await connection.send({ method: 'GET', path: '/v1/assets' })
    const url = /resource_metadata="([^"]+)"/.exec(refused.headers['www-authenticate'] ?? '')?.[1]
    assert.equal(url, server.url + PATH)
    const { pathname } = new URL(url)
    assert.equal((await connection.send({ method: 'GET', path: pathname })).status, 200)
  })

  it('§3.3: an independent client accepts the document for the resource it asked about', async () => {
    const resource = new URL(server.url)
    const response = await oauth.resourceDiscoveryRequest(resource, {
      [oauth.allowInsecureRequests]: true,
    })
    const document = await oauth.processResourceDiscoveryResponse(resource, response)
    assert.deepEqual(document.authorization_servers, [server.url])
  })

  it('from a 401 to a stored report, with only client id and secret', async () => {
    const options = { [oauth.allowInsecureRequests]: true }
    // 1. Which authorization server protects this resource?
    const bare = await connection.send({ method: 'GET', path: '/v1/assets' })
    const found = /resource_metadata="([^"]+)"/.exec(bare.headers['www-authenticate'] ?? '')?.[1]
    const document = (await (await fetch(String(found))).json()) as oauth.ResourceServer
    const issuer = new URL(String(document.authorization_servers?.[0]))
    // 2. What is its token endpoint?
    const discovery = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' })
    const as = await oauth.processDiscoveryResponse(issuer, discovery)
    // 3. Get a token.
    const { client_id, client_secret } = server.credentials
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      { client_id },
      oauth.ClientSecretBasic(client_secret),
      { resource: document.resource },
      options,
    )
    const answer = await oauth.processClientCredentialsResponse(as, { client_id }, response)
    // 4. Report.
    const stored = await track(connection, answer.access_token, report('DISCOVERED'))
    assert.equal(stored.status, 200, stored.text)
  })
})

describe('RFC 9728, with an audience that has a path', () => {
  const path = '/v1/asset/track'
  let other: RunningServer
  let there: Connection
  before(async () => {
    other = await startServer((url) => ({ MIOT_API_AUDIENCE: url + path }))
    there = openConnection(other.url)
  })
  after(async () => {
    there.close()
    await other.stop()
  })

  it('§3.1: the document is at the well-known path followed by the path of the resource', async () => {
    const answer = await there.send({ method: 'GET', path: PATH + path })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.json().resource, other.url + path)
  })

  it('tokens for that audience are accepted', async () => {
    const token = await accessToken(there, other.credentials)
    assert.equal((await track(there, token, report('PATH'))).status, 200)
  })
})
