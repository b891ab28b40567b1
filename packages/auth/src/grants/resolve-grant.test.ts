import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { sampleRecord } from '../testing/sample-client.ts'
import { resolveGrant } from './resolve-grant.ts'

const TRACK = {
  audience: 'https://api.example',
  scopes: ['read', 'write'],
  token_lifetime_seconds: 3600,
  signing_alg: 'RS256',
} as const
const OTHER = {
  audience: 'https://other.example',
  scopes: ['admin'],
  token_lifetime_seconds: 60,
  signing_alg: 'EdDSA',
} as const
const CLIENT = sampleRecord({ grants: [TRACK, OTHER] })

describe('resolveGrant', () => {
  it('returns every granted scope when none is requested', () => {
    assert.deepEqual(resolveGrant(CLIENT, TRACK.audience, null), {
      audience: TRACK.audience,
      scopes: ['read', 'write'],
      lifetimeSeconds: 3600,
      alg: 'RS256',
    })
  })

  it('returns exactly the requested scopes, in their order', () => {
    assert.deepEqual(resolveGrant(CLIENT, TRACK.audience, ['write']).scopes, ['write'])
    const both = resolveGrant(CLIENT, TRACK.audience, ['write', 'read'])
    assert.deepEqual(both.scopes, ['write', 'read'])
  })

  it('takes lifetime and algorithm from the requested audience', () => {
    const { lifetimeSeconds, alg } = resolveGrant(CLIENT, OTHER.audience, null)
    assert.deepEqual({ lifetimeSeconds, alg }, { lifetimeSeconds: 60, alg: 'EdDSA' })
  })

  it('prefers the client’s lifetime to the audience’s', () => {
    const client = { ...CLIENT, token_lifetime_seconds: 120 }
    assert.equal(resolveGrant(client, TRACK.audience, null).lifetimeSeconds, 120)
  })

  it('refuses an audience that is not granted, compared character by character', () => {
    for (const audience of [
      'https://nowhere.example',
      'https://api.example/',
      'HTTPS://api.example',
    ]) {
      assert.throws(
        () => resolveGrant(CLIENT, audience, null),
        (error) => {
          assert.ok(error instanceof OAuthError)
          assert.equal(error.error, 'invalid_target')
          assert.equal(error.status, 400)
          const kind = 'audience_not_granted'
          assert.deepEqual(error.reason, { kind, client_id: 'client_1', audience })
          return true
        },
      )
    }
  })

  it('takes the only audience, or the default one, when none is named', () => {
    const audienceOf = (changes: Parameters<typeof sampleRecord>[0]) =>
      resolveGrant(sampleRecord(changes), null, null).audience
    assert.equal(audienceOf({ grants: [OTHER] }), OTHER.audience)
    for (const { audience } of [TRACK, OTHER]) {
      assert.equal(audienceOf({ grants: [TRACK, OTHER], default_audience: audience }), audience)
    }
  })

  it('refuses to choose among several audiences, and lists none of them', () => {
    for (const grants of [[TRACK, OTHER], []]) {
      assert.throws(
        () => resolveGrant(sampleRecord({ grants }), null, null),
        (error) => {
          assert.ok(error instanceof OAuthError)
          assert.deepEqual([error.error, error.status], ['invalid_request', 400])
          assert.deepEqual(error.reason, { kind: 'missing_parameter', parameters: ['audience'] })
          assert.ok(!error.error_description.includes('example'))
          return true
        },
      )
    }
  })

  it('checks the scope against the audience that it chose', () => {
    const client = sampleRecord({ grants: [TRACK, OTHER], default_audience: OTHER.audience })
    assert.throws(() => resolveGrant(client, null, ['read']), { error: 'invalid_scope' })
  })

  it('refuses a scope that is not granted at this audience, even along with one that is', () => {
    for (const scope of [['admin'], ['read', 'admin'], ['Read'], ['read write']]) {
      assert.throws(
        () => resolveGrant(CLIENT, TRACK.audience, scope),
        (error) => {
          assert.ok(error instanceof OAuthError)
          assert.equal(error.error, 'invalid_scope')
          assert.equal(error.status, 400)
          assert.equal(error.reason.kind, 'scope_not_granted')
          return true
        },
      )
    }
  })
})
