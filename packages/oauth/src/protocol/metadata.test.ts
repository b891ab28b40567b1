import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  authorizationServerMetadata,
  openIdConfiguration,
  protectedResourceMetadata,
  protectedResourceMetadataUrl,
} from './metadata.ts'

const ISSUER = 'https://auth.example'

const authenticationAt = (endpoint: string) => ({
  [`${endpoint}_auth_methods_supported`]: [
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
  ],
  [`${endpoint}_auth_signing_alg_values_supported`]: [
    'RS256',
    'PS256',
    'ES256',
    'EdDSA',
    'Ed25519',
  ],
})

describe('authorizationServerMetadata', () => {
  it('has every member RFC 8414 §2 requires, and only supported ones', () => {
    assert.deepEqual(authorizationServerMetadata(ISSUER, ['asset:track:write']), {
      issuer: ISSUER,
      token_endpoint: 'https://auth.example/oauth2/token',
      jwks_uri: 'https://auth.example/.well-known/jwks.json',
      scopes_supported: ['asset:track:write'],
      response_types_supported: ['none'],
      grant_types_supported: ['client_credentials'],
      ...authenticationAt('token_endpoint'),
      revocation_endpoint: 'https://auth.example/oauth2/revoke',
      ...authenticationAt('revocation_endpoint'),
      introspection_endpoint: 'https://auth.example/oauth2/introspect',
      ...authenticationAt('introspection_endpoint'),
      modulariot_revocation_feed_uri: 'https://auth.example/oauth2/revocations',
    })
  })

  it('leaves scopes_supported out when there are none (RFC 8414 §3.2)', () => {
    assert.ok(!('scopes_supported' in authorizationServerMetadata(ISSUER, [])))
  })

  it('keeps the path of an issuer that has one', () => {
    const { token_endpoint, jwks_uri } = authorizationServerMetadata(`${ISSUER}/tenant`, [])
    assert.equal(token_endpoint, 'https://auth.example/tenant/oauth2/token')
    assert.equal(jwks_uri, 'https://auth.example/tenant/.well-known/jwks.json')
  })
})

describe('openIdConfiguration', () => {
  it('adds what OpenID Connect Discovery requires, but no endpoint that does not exist', () => {
    const { subject_types_supported, id_token_signing_alg_values_supported, ...others } =
      openIdConfiguration(ISSUER, ['asset:track:write'])
    assert.deepEqual(others, authorizationServerMetadata(ISSUER, ['asset:track:write']))
    assert.deepEqual(subject_types_supported, ['public'])
    assert.deepEqual(id_token_signing_alg_values_supported, ['RS256', 'PS256', 'ES256', 'EdDSA'])
  })
})

describe('protectedResourceMetadata', () => {
  it('names the resource, its authorization server, and the header as the only method', () => {
    const resource = 'https://api.example/v1/asset/track'
    assert.deepEqual(protectedResourceMetadata(resource, ISSUER, ['asset:track:write']), {
      resource,
      authorization_servers: [ISSUER],
      scopes_supported: ['asset:track:write'],
      bearer_methods_supported: ['header'],
    })
  })
})

describe('protectedResourceMetadataUrl', () => {
  const cases = {
    'https://api.example': 'https://api.example/.well-known/oauth-protected-resource',
    'https://api.example/': 'https://api.example/.well-known/oauth-protected-resource',
    'https://api.example/v1/a': 'https://api.example/.well-known/oauth-protected-resource/v1/a',
    'https://api.example/v1?k=1': 'https://api.example/.well-known/oauth-protected-resource/v1?k=1',
  }
  for (const [resource, url] of Object.entries(cases)) {
    it(`of ${resource} is ${url}`, () => assert.equal(protectedResourceMetadataUrl(resource), url))
  }
})
