import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import type { Client } from '../records/client.ts'
import { sampleRecord, sampleSecret } from '../testing/sample-client.ts'
import { assertCanLogIn } from './login-refusal.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const ended = sampleSecret('ended', { expires_at: at(0) })
const living = sampleSecret('living', { expires_at: at(1) })

/** The kind of the refusal; null: not refused. */
function refusalOf(changes: Partial<Client>): string | null {
  try {
    assertCanLogIn({ ...sampleRecord(), keys: [], jwks_uri: null, ...changes }, NOW)
    return null
  } catch (error) {
    assert.ok(error instanceof OAuthError)
    assert.deepEqual([error.status, error.error], [401, 'invalid_client'])
    return error.reason.kind
  }
}

describe('assertCanLogIn', () => {
  it('lets a client with a living secret or keys of its own log in', () => {
    assert.equal(refusalOf({ secrets: [ended, living] }), null)
    assert.equal(refusalOf({ secrets: [sampleSecret('endless')] }), null)
    assert.equal(refusalOf({ secrets: [ended], jwks_uri: 'https://client.example/jwks' }), null)
  })

  it('refuses a disabled client, and one whose secrets are gone or ended', () => {
    assert.equal(refusalOf({ secrets: [living], status: 'disabled' }), 'client_disabled')
    assert.equal(refusalOf({ secrets: [ended] }), 'secret_expired')
    assert.equal(refusalOf({ secrets: [] }), 'wrong_secret')
  })
})
