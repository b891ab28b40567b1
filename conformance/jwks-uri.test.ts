/**
 * Clients that publish their keys at a URL (`jwks_uri`, RFC 7591 §2), against a real server: keys
 * are fetched over TLS, and from the networks that are allowed only.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { exportJWK, generateKeyPair } from 'jose'
import { ASSERTION_TYPE, type KeyClient, signAssertion } from './support/key-client.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { writeTlsFiles } from './support/tls-files.ts'

const tls = writeTlsFiles('keys')
let keys: object[] = []
let requests = 0
const publisher = createServer(
  { cert: tls.cert, key: readFileSync(tls.settings.MIOT_TLS_KEY) },
  (_request, response) => {
    requests++
    response.end(JSON.stringify({ keys }))
  },
)
let jwks_uri: string

before(async () => {
  await once(publisher.listen(0, '127.0.0.1'), 'listening')
  jwks_uri = `https://localhost:${(publisher.address() as AddressInfo).port}/jwks`
})
after(() => {
  publisher.close()
  publisher.closeAllConnections()
  tls[Symbol.dispose]()
})

/** A client whose key is published under the name of its algorithm. */
async function createPublishingClient(server: RunningServer): Promise<KeyClient> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  keys = [{ ...(await exportJWK(publicKey)), kid: 'ES256' }]
  const args = ['clients', 'create', '--name', 'publisher', '--jwks-uri', jwks_uri, '--json']
  const { client_id, client_secret } = JSON.parse((await server.miot(args)).stdout)
  assert.equal(client_secret, null)
  return { client_id, client_secret, alg: 'ES256', privateKey }
}

async function logIn(server: RunningServer, client_assertion: string) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: ASSERTION_TYPE,
    client_assertion,
  })
  const answer = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
  return { status: answer.status, body: (await answer.json()) as { error?: string } }
}

describe('jwks_uri', () => {
  it('is fetched once, and its keys prove the client', async () => {
    const server = await startServer({
      MIOT_JWKS_URI_NETWORKS: '127.0.0.0/8,::1',
      NODE_EXTRA_CA_CERTS: tls.settings.MIOT_TLS_CERT,
    })
    try {
      const client = await createPublishingClient(server)
      const before = requests
      for (let n = 0; n < 3; n++) {
        assert.equal((await logIn(server, await signAssertion(client, server.url))).status, 200)
      }
      assert.equal(requests, before + 1)
      const { privateKey } = await generateKeyPair('ES256')
      const forged = await signAssertion({ ...client, privateKey }, server.url)
      assert.deepEqual((await logIn(server, forged)).status, 401)
      const { stdout } = await server.miot(['clients', 'show', client.client_id, '--json'])
      assert.equal(JSON.parse(stdout).client?.jwks_uri ?? JSON.parse(stdout).jwks_uri, jwks_uri)
    } finally {
      await server.stop()
    }
  })

  it('of this machine is not contacted unless that is allowed', async () => {
    const server = await startServer({ NODE_EXTRA_CA_CERTS: tls.settings.MIOT_TLS_CERT })
    try {
      const client = await createPublishingClient(server)
      const before = requests
      const { status, body } = await logIn(server, await signAssertion(client, server.url))
      assert.deepEqual([status, body.error], [503, 'temporarily_unavailable'])
      assert.equal(requests, before)
    } finally {
      await server.stop()
    }
  })

  it('must be https:, and not beside registered keys', async () => {
    const server = await startServer()
    try {
      for (const url of ['http://keys.example/', 'https://a:b@keys.example/', 'keys', 'https://']) {
        const args = ['clients', 'create', '--name', 'x', '--jwks-uri', url]
        const { status, stderr } = await server.miot(args)
        assert.equal(status, 2, url)
        assert.match(stderr, /jwks_uri must be an https: URL/)
      }
    } finally {
      await server.stop()
    }
  })
})
