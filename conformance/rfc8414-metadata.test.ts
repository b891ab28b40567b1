/**
 * RFC 8414 and OpenID Connect Discovery 1.0: the metadata documents list everything that works, and
 * nothing else.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import {
  ASSERTION_TYPE,
  createKeyClient,
  type KeyClient,
  signAssertion,
} from './support/key-client.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { asForm, basic, type Message, withoutSecret } from './support/token-requests.ts'

const DOCUMENTS = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

let server: RunningServer
let connection: Connection
let keyClient: KeyClient

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  keyClient = await createKeyClient(server, 'ES256')
})
after(async () => {
  connection.close()
  await server.stop()
})

async function metadata(): Promise<Record<string, unknown>> {
  return (await connection.send({ method: 'GET', path: DOCUMENTS[0] as string })).json()
}

const list = (value: unknown): string[] => {
  assert.ok(Array.isArray(value))
  return value
}

/** Sends to the endpoint named by the metadata. */
async function call(message: Message): Promise<Answer> {
  const { token_endpoint } = await metadata()
  return connection.send({ path: new URL(String(token_endpoint)).pathname, ...message })
}

/**
 * A request for each method of client authentication that may be listed. A new one is a new row.
 */
const AUTHENTICATED_BY: Readonly<Record<string, () => Message | Promise<Message>>> = {
  client_secret_post: () => asForm({ ...server.credentials }),
  client_secret_basic: () => {
    const { client_id, client_secret } = server.credentials
    return asForm(withoutSecret(server.credentials), basic(client_id, client_secret))
  },
  private_key_jwt: async () =>
    asForm({
      ...withoutSecret(server.credentials),
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: await signAssertion(keyClient, server.url),
    }),
}

describe('RFC 8414', () => {
  for (const path of DOCUMENTS) {
    it(`§3.2: ${path} answers 200 with a JSON object`, async () => {
      const answer = await connection.send({ method: 'GET', path })
      assert.equal(answer.status, 200)
      assert.match(String(answer.headers['content-type']), /^application\/json\b/)
      assert.ok(answer.headers['x-request-id'])
      assert.equal(typeof answer.json().issuer, 'string')
    })

    it(`§3.3: the issuer in ${path} is the requested one`, async () => {
      const answer = await connection.send({ method: 'GET', path })
      assert.equal(answer.json().issuer, server.url)
    })

    it(`§3.1: ${path} accepts GET only, with Allow`, async () => {
      const answer = await connection.send({ method: 'POST', path })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.allow, 'GET, HEAD')
    })
  }

  it('the OpenID document adds only what its own specification requires', async () => {
    const [one, other] = await Promise.all(
      DOCUMENTS.map((path) => connection.send({ method: 'GET', path })),
    )
    const { subject_types_supported, id_token_signing_alg_values_supported, ...rest } =
      other?.json() ?? {}
    assert.deepEqual(rest, one?.json())
    assert.deepEqual(subject_types_supported, ['public'])
    // OpenID Connect Discovery 1.0 §3: RS256 must be included.
    assert.ok(list(id_token_signing_alg_values_supported).includes('RS256'))
  })

  for (const path of [...DOCUMENTS, '/.well-known/oauth-protected-resource']) {
    it(`§3.2: ${path} has no empty array`, async () => {
      const document = (await connection.send({ method: 'GET', path })).json()
      const empty = Object.entries(document).filter(
        ([, value]) => Array.isArray(value) && value.length === 0,
      )
      assert.deepEqual(empty, [])
    })
  }

  it('every algorithm that an audience may sign with is listed', async () => {
    const path = DOCUMENTS[1] as string
    const document = (await connection.send({ method: 'GET', path })).json()
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      assert.ok(list(document.id_token_signing_alg_values_supported).includes(alg), alg)
    }
  })

  it('§2: the members that RFC 8414 requires are there', async () => {
    const document = await metadata()
    for (const member of ['issuer', 'token_endpoint', 'response_types_supported']) {
      assert.ok(member in document, member)
    }
  })

  it('§2: every endpoint listed is on the issuer and answers', async () => {
    const document = await metadata()
    const endpoints = Object.entries(document).filter(([name]) => /_(endpoint|uri)$/.test(name))
    assert.ok(endpoints.length >= 2)
    for (const [name, url] of endpoints) {
      const { origin, pathname } = new URL(String(url))
      assert.equal(origin, server.url, name)
      const method = name.endsWith('_uri') ? 'GET' : 'POST'
      const answer = await connection.send({ method, path: pathname })
      assert.ok(![404, 405, 500, 501].includes(answer.status), `${name}: ${answer.status}`)
    }
  })

  it('§2: every method of client authentication listed gets a token', async () => {
    const { token_endpoint_auth_methods_supported: methods } = await metadata()
    for (const method of list(methods)) {
      const message = AUTHENTICATED_BY[method]
      assert.ok(message !== undefined, `this test has no row for ${method}`)
      assert.equal((await call(await message())).status, 200, method)
    }
  })

  it('§2: every method of client authentication that works is listed', async () => {
    const { token_endpoint_auth_methods_supported: methods } = await metadata()
    for (const [method, message] of Object.entries(AUTHENTICATED_BY)) {
      if ((await call(await message())).status === 200)
        assert.ok(list(methods).includes(method), method)
    }
  })

  it('§2: every method listed for revocation and introspection works there', async () => {
    const document = await metadata()
    for (const name of ['revocation', 'introspection']) {
      const path = new URL(String(document[`${name}_endpoint`])).pathname
      const methods = list(document[`${name}_endpoint_auth_methods_supported`])
      assert.deepEqual(methods, list(document.token_endpoint_auth_methods_supported))
      for (const method of methods) {
        const { headers = {}, body } = (await AUTHENTICATED_BY[method]?.()) ?? {}
        const answer = await connection.send({ path, headers, body: `${body}&token=x` })
        assert.equal(answer.status, 200, `${name}: ${method}: ${answer.text}`)
      }
    }
  })

  it('§2: every grant type listed gets a token, and the others are refused', async () => {
    const { grant_types_supported: grantTypes } = await metadata()
    const known = [
      'client_credentials',
      'authorization_code',
      'refresh_token',
      'password',
      'implicit',
    ]
    for (const grant_type of new Set([...list(grantTypes), ...known])) {
      const answer = await call(asForm({ ...server.credentials, grant_type }))
      const expected = list(grantTypes).includes(grant_type) ? 200 : 400
      assert.equal(answer.status, expected, grant_type)
    }
  })

  it('§2: every scope listed can be granted', async () => {
    const { scopes_supported: scopes } = await metadata()
    const ofApi = async (path: string) => {
      const audience = `${server.url}/${path}`
      const args = ['clients', 'create', '--name', 'a', '--audience', audience, '--json']
      const { client_id, client_secret } = JSON.parse((await server.miot(args)).stdout)
      return { ...server.credentials, client_id, client_secret, audience }
    }
    const [administrator, follower] = [await ofApi('admin/v1'), await ofApi('oauth2/revocations')]
    assert.ok(list(scopes).includes('asset:track:write') && list(scopes).includes('clients:read'))
    for (const scope of list(scopes)) {
      const owners = { asset: server.credentials, revocations: follower } as const
      const owner = owners[scope.split(':')[0] as keyof typeof owners]
      const credentials = owner ?? administrator
      const answer = await call(asForm({ ...credentials, scope }))
      assert.equal(answer.json().scope, scope)
    }
  })

  it('§2: no response type that returns anything is listed, as there is no authorization endpoint', async () => {
    const { response_types_supported, authorization_endpoint } = await metadata()
    assert.deepEqual(response_types_supported, ['none'])
    assert.equal(authorization_endpoint, undefined)
  })

  it('§2: the listed keys are a JWK Set', async () => {
    const { jwks_uri } = await metadata()
    const path = new URL(String(jwks_uri)).pathname
    const answer = await connection.send({ method: 'GET', path })
    assert.match(String(answer.headers['content-type']), /^application\/(jwk-set\+)?json\b/)
    assert.ok(list(answer.json().keys).length > 0)
  })
})
