/**
 * RFC 6750: how ModularIoT API accepts and refuses tokens.
 *
 * Validly signed tokens with wrong claims come from sibling servers: on the same data, and so with
 * the same keys, but of another issuer, for another audience, or with a clock two days behind.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answer, type Connection, openConnection } from './support/connection.ts'
import { FORGERIES, type Genuine } from './support/forged-tokens.ts'
import { type RunningServer, startServer } from './support/running-server.ts'
import { accessToken, createClient } from './support/token-requests.ts'
import {
  assertApiError,
  assetIds,
  get,
  report,
  reportHeaders,
  track,
} from './support/track-requests.ts'

const OTHER_AUDIENCE = 'https://other.example/v1'
/** Longer than the lifetime of a token. */
const CLOCK_BEHIND = 'const now=Date.now;Date.now=()=>now()-2*86400000'

let server: RunningServer
let connection: Connection
let genuine: Genuine
/** By their fault; each is signed with the server's key. */
const wrongTokens: Record<string, string> = {}

before(async () => {
  server = await startServer()
  connection = openConnection(server.url)
  const token = await accessToken(connection, server.credentials)
  const jwks = await connection.send({ method: 'GET', path: '/.well-known/jwks.json' })
  genuine = { token, jwk: (jwks.json().keys as Genuine['jwk'][])[0] as Genuine['jwk'] }
  await Promise.all([makeForeignTokens(), makeExpiredToken()])
})
after(async () => {
  connection.close()
  await server.stop()
})

async function makeForeignTokens(): Promise<void> {
  const sibling = await startServer({
    MIOT_DATA_DIR: server.dataDir,
    MIOT_API_AUDIENCE: OTHER_AUDIENCE,
  })
  const there = openConnection(sibling.url)
  wrongTokens['of another issuer'] = await accessToken(there, server.credentials)
  const client = await createClient(sibling, '--audience', OTHER_AUDIENCE)
  wrongTokens['for another audience'] = await accessToken(connection, client)
  there.close()
  await sibling.stop()
}

async function makeExpiredToken(): Promise<void> {
  const sibling = await startServer({
    MIOT_DATA_DIR: server.dataDir,
    MIOT_ISSUER: server.url,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(CLOCK_BEHIND)}`,
  })
  const there = openConnection(sibling.url)
  wrongTokens['that has expired'] = await accessToken(there, server.credentials)
  there.close()
  await sibling.stop()
}

/** Both kinds of request, each with this `Authorization` header or none. */
const REQUESTS: Readonly<Record<string, (authorization?: string) => Promise<Answer>>> = {
  'POST /v1/asset/track': (authorization) => {
    return connection.send({
      path: '/v1/asset/track',
      headers: { ...reportHeaders(), ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify(report('STOLEN')),
    })
  },
  'GET /v1/assets': (authorization) =>
    connection.send({
      method: 'GET',
      path: '/v1/assets',
      headers: authorization === undefined ? {} : { authorization },
    }),
}

/** The parameters of the only challenge; the header must contain nothing else. */
function challengeOf(answer: Answer): Record<string, string> {
  const header = answer.headers['www-authenticate'] ?? ''
  const parameter = '[a-z_]+="[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]*"'
  assert.match(header, new RegExp(`^Bearer ${parameter}(, ${parameter})*$`))
  const pairs = [...header.matchAll(/([a-z_]+)="([^"]*)"/g)].map((match) => [match[1], match[2]])
  const parameters = Object.fromEntries(pairs)
  assert.equal(Object.keys(parameters).length, pairs.length, `no parameter twice: ${header}`)
  return parameters
}

const metadataUrl = () => `${server.url}/.well-known/oauth-protected-resource`

function assertNoTokenSeen(answer: Answer): void {
  assertApiError(answer, 401)
  assert.deepEqual(challengeOf(answer), { resource_metadata: metadataUrl() })
}

function assertInvalidToken(answer: Answer): string {
  assertApiError(answer, 401)
  const { error, error_description, resource_metadata, ...rest } = challengeOf(answer)
  assert.deepEqual(
    { error, resource_metadata, rest },
    { error: 'invalid_token', resource_metadata: metadataUrl(), rest: {} },
  )
  return String(error_description)
}

for (const [name, send] of Object.entries(REQUESTS)) {
  describe(`${name} refuses`, () => {
    it('a request without a token, and names no error (RFC 6750 §3.1)', async () => {
      assertNoTokenSeen(await send())
    })

    it('another scheme in the same way, since no token was sent', async () => {
      const { client_id, client_secret } = server.credentials
      const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
      for (const other of [basic, 'DPoP abc', genuine.token]) {
        assertNoTokenSeen(await send(other))
      }
    })

    it('a Bearer header without a token, or with more than one', async () => {
      for (const rest of ['', ' ', ' a b', ' "a"', ' a,b', `=${genuine.token}`]) {
        const answer = await send(`Bearer${rest}`)
        assertApiError(answer, 401)
      }
    })

    for (const what of ['of another issuer', 'for another audience', 'that has expired']) {
      it(`a token ${what}, even with a valid signature`, async () => {
        const description = assertInvalidToken(await send(`Bearer ${wrongTokens[what]}`))
        assert.equal(/expired/.test(description), what === 'that has expired')
      })
    }

    for (const { what, forge } of FORGERIES) {
      it(what, async () => {
        const forged = await forge(genuine)
        assert.notEqual(forged, genuine.token)
        const answer = await send(`Bearer ${forged}`)
        assertInvalidToken(answer)
        assert.ok(!answer.text.includes(forged))
      })
    }
  })
}

describe('ModularIoT API', () => {
  it('accepts the Bearer scheme in any case (RFC 9110 §11.1)', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      for (const send of Object.values(REQUESTS)) {
        assert.equal((await send(`${scheme} ${genuine.token}`)).status, 200)
      }
    }
  })

  it('accepts no token in the query (RFC 6750 §2.3 is not supported)', async () => {
    const query = `?access_token=${genuine.token}`
    const read = await connection.send({ method: 'GET', path: `/v1/assets${query}` })
    assertNoTokenSeen(read)
    const headers = reportHeaders()
    const body = JSON.stringify(report('QUERY'))
    assertNoTokenSeen(await connection.send({ path: `/v1/asset/track${query}`, headers, body }))
  })

  it('accepts no token in the body (RFC 6750 §2.2 is not supported)', async () => {
    const headers = reportHeaders()
    const json = JSON.stringify({ ...report('BODY'), access_token: genuine.token })
    const path = '/v1/asset/track'
    assertNoTokenSeen(await connection.send({ path, headers, body: json }))
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    const body = `access_token=${genuine.token}`
    assertNoTokenSeen(await connection.send({ path, headers: form, body }))
  })

  it('answers a token without the scope with 403 and the scope it needs', async () => {
    const readOnly = await accessToken(connection, server.credentials, {
      scope: 'asset:track:read',
    })
    const writeOnly = await accessToken(connection, server.credentials, {
      scope: 'asset:track:write',
    })
    const refusals = [
      [await track(connection, readOnly, report('READ-ONLY')), 'asset:track:write'],
      [await get(connection, writeOnly, '/v1/assets'), 'asset:track:read'],
      [await get(connection, writeOnly, '/v1/assets/A'), 'asset:track:read'],
    ] as const
    for (const [answer, needed] of refusals) {
      assertApiError(answer, 403)
      const { error, scope, resource_metadata } = challengeOf(answer)
      assert.deepEqual(
        { error, scope, resource_metadata },
        { error: 'insufficient_scope', scope: needed, resource_metadata: metadataUrl() },
      )
    }
  })

  it('has stored nothing of the refused requests', async () => {
    const ids = await assetIds(connection, genuine.token)
    // STOLEN was reported with the genuine token, too, to test the scheme’s case.
    assert.deepEqual(ids, ['STOLEN'])
  })
})

describe('a challenge of ModularIoT Auth', () => {
  const ROUTES = ['/admin/v1/clients', '/oauth2/revocations'] as const

  for (const path of ROUTES) {
    it(`at ${path} has a realm and no error when no token came (RFC 6750 §3, §3.1)`, async () => {
      const basic = `Basic ${Buffer.from('client:secret').toString('base64')}`
      for (const headers of [{}, { authorization: basic }]) {
        const answer = await connection.send({ method: 'GET', path, headers })
        assert.equal(answer.status, 401)
        const { realm, ...rest } = challengeOf(answer)
        assert.match(realm ?? '', /^ModularIoT/)
        assert.deepEqual(rest, {})
      }
    })

    it(`at ${path} names the error of a token that is not valid`, async () => {
      const answer = await get(connection, genuine.token, path)
      assert.equal(answer.status, 401)
      const { realm, error } = challengeOf(answer)
      assert.match(realm ?? '', /^ModularIoT/)
      assert.equal(error, 'invalid_token')
    })
  }
})
