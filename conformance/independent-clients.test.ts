/**
 * Two independent OAuth clients, `oauth4webapi` and `openid-client`, discover the server by its
 * metadata, get a token with each method of client authentication, and use it.
 */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { type RunningServer, startServer } from './support/running-server.ts'
import { report, reportHeaders, SUCCESS } from './support/track-requests.ts'

const METHODS = ['client_secret_post', 'client_secret_basic'] as const

let server: RunningServer

before(async () => {
  server = await startServer()
})
after(() => server.stop())

const trackUrl = () => new URL('/v1/asset/track', server.url)

async function assertTracked(response: Response): Promise<void> {
  assert.equal(response.status, 200)
  assert.deepEqual(await response.json(), SUCCESS)
}

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const authenticate = {
    client_secret_post: oauth.ClientSecretPost,
    client_secret_basic: oauth.ClientSecretBasic,
  }

  async function discover(algorithm: 'oauth2' | 'oidc'): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(server.url)
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm })
    return oauth.processDiscoveryResponse(issuer, response)
  }

  async function grant(
    method: (typeof METHODS)[number],
    parameters: Record<string, string>,
    secret = server.credentials.client_secret,
  ): Promise<oauth.TokenEndpointResponse> {
    const as = await discover('oauth2')
    const client = { client_id: server.credentials.client_id }
    const authentication = authenticate[method](secret)
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      client,
      authentication,
      parameters,
      insecure,
    )
    return oauth.processClientCredentialsResponse(as, client, response)
  }

  const send = (token: string): Promise<Response> =>
    oauth.protectedResourceRequest(
      token,
      'POST',
      trackUrl(),
      new Headers(reportHeaders()),
      JSON.stringify(report('OAUTH4WEBAPI')),
      insecure,
    )

  it('discovers the server at both well-known places', async () => {
    for (const algorithm of ['oauth2', 'oidc'] as const) {
      assert.equal((await discover(algorithm)).issuer, server.url)
    }
  })

  for (const method of METHODS) {
    it(`gets a token with ${method} and tracks an asset with it`, async () => {
      const { audience } = server.credentials
      for (const target of [{ audience }, { resource: audience }]) {
        const { access_token, token_type, expires_in, scope } = await grant(method, target)
        assert.deepEqual([token_type, expires_in], ['bearer', 86400])
        assert.equal(scope, 'asset:track:write asset:track:read')
        await assertTracked(await send(access_token))
      }
    })

    it(`understands the refusal of ${method} with a wrong secret`, async () => {
      const { audience } = server.credentials
      await assert.rejects(grant(method, { audience }, 'wrong'), (error) => {
        // Every 401 has a challenge (RFC 9110 §15.5.2), and the library reads that first.
        assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
        const schemes = error.cause.map(({ scheme }) => scheme)
        assert.deepEqual([error.status, schemes], [401, ['basic']])
        return true
      })
    })
  }

  it('understands a wrong scope, a wrong audience and a wrong token', async () => {
    const { audience } = server.credentials
    const codeOf = (parameters: Record<string, string>) =>
      grant('client_secret_post', parameters).then(
        () => 'granted',
        (error) => error.error,
      )
    assert.equal(await codeOf({ audience, scope: 'admin' }), 'invalid_scope')
    assert.equal(await codeOf({ audience: 'https://x.example/' }), 'invalid_target')
    assert.equal(await codeOf({}), 'granted', 'its only audience')
    await assert.rejects(send('a.b.c'), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError)
      const [challenge] = error.cause
      assert.equal(challenge?.scheme, 'bearer')
      assert.equal(challenge?.parameters.error, 'invalid_token')
      assert.match(String(challenge?.parameters.resource_metadata), /oauth-protected-resource$/)
      return true
    })
  })

  it('validates our token as a resource server of RFC 9068 would', async () => {
    const { access_token } = await grant('client_secret_post', {
      audience: server.credentials.audience,
    })
    const request = new Request(trackUrl(), {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}` },
    })
    const as = await discover('oauth2')
    const { audience, client_id } = server.credentials
    const claims = await oauth.validateJwtAccessToken(as, request, audience, insecure)
    assert.equal(claims.client_id, client_id)
  })
})

describe('openid-client', () => {
  const authenticate = {
    client_secret_post: openid.ClientSecretPost,
    client_secret_basic: openid.ClientSecretBasic,
  }

  const discover = (method: (typeof METHODS)[number], algorithm: 'oauth2' | 'oidc' = 'oauth2') => {
    const { client_id, client_secret } = server.credentials
    const authentication = authenticate[method](client_secret)
    return openid.discovery(new URL(server.url), client_id, undefined, authentication, {
      algorithm,
      execute: [openid.allowInsecureRequests],
    })
  }

  it('discovers the server at both well-known places', async () => {
    for (const algorithm of ['oauth2', 'oidc'] as const) {
      const config = await discover('client_secret_post', algorithm)
      assert.equal(config.serverMetadata().issuer, server.url)
    }
  })

  for (const method of METHODS) {
    it(`gets a token with ${method} and tracks an asset with it`, async () => {
      const config = await discover(method)
      const { audience } = server.credentials
      const tokens = await openid.clientCredentialsGrant(config, {
        resource: audience,
        scope: 'asset:track:write',
      })
      assert.equal(tokens.scope, 'asset:track:write')
      assert.ok((tokens.expiresIn() ?? 0) > 86_390)
      const response = await openid.fetchProtectedResource(
        config,
        tokens.access_token,
        trackUrl(),
        'POST',
        JSON.stringify(report('OPENID-CLIENT')),
        new Headers(reportHeaders()),
      )
      await assertTracked(response)
    })
  }
})
