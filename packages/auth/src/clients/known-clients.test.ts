import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientRecord, LoginClient } from '../records/client.ts'
import { sampleRecord, sampleSecret } from '../testing/sample-client.ts'
import { KnownClients } from './known-clients.ts'

const MIB = 1 << 20

/** What a login needs of the record. */
function loginClient(record: ClientRecord): LoginClient {
  const { name, external_id, tags, created_at, updated_at, version, secrets, ...rest } = record
  const needed = secrets.map(({ label, hint, created_at, ...secret }) => secret)
  return { ...rest, secrets: needed }
}

const GRANT = {
  audience: 'https://api.example',
  scopes: ['a', 'ñ'],
  token_lifetime_seconds: 60,
  signing_alg: 'ES256',
  token_typ: 'at+jwt',
} as const

/** No member has its default. */
const ELABORATE = sampleRecord({
  client_id: 'client_ñ',
  environment: 'development',
  status: 'disabled',
  token_lifetime_seconds: 90,
  grants: [GRANT],
  default_audience: GRANT.audience,
  secrets: [
    sampleSecret('secret_1', { digest_key: 'one', expires_at: '2027-01-01T00:00:00.000Z' }),
    sampleSecret('secret_2', { digest: 'E'.repeat(43) }),
    sampleSecret('secret_3', { digest_key: 'two' }),
  ],
  keys: [{ kid: '"鍵"\n', alg: 'ES256', jwk: { kty: 'EC', x: 'a' }, created_at: '' }],
  jwks_uri: 'https://keys.example',
  assertions: { audience: 'issuer', jti: 'optional' },
  allowlist: { mode: 'enforce', cidrs: ['203.0.113.0/24'] },
  quota: { mode: 'enforce', tokens_per_hour: 1, tokens_per_day: 2 },
  tokens_revoked_until: 7,
  resource_server_for: ['x'],
})

describe('KnownClients', () => {
  it('returns everything that a login needs', () => {
    const known = new KnownClients(MIB)
    const plain = sampleRecord({ client_id: 'plain' })
    known.set(ELABORATE)
    known.set(plain)
    assert.deepEqual(known.get('client_ñ'), loginClient(ELABORATE))
    assert.deepEqual(known.get('plain'), loginClient(plain))
    assert.equal(known.get('client_'), null)
    assert.equal(known.size, 2)
  })

  it('tells clients apart that differ in one member', () => {
    const known = new KnownClients(MIB)
    const all = Object.entries(ELABORATE).map(([member, value], index) =>
      sampleRecord({ ...(member !== 'client_id' && { [member]: value }), client_id: `c${index}` }),
    )
    for (const one of all) known.set(one)
    for (const one of all) assert.deepEqual(known.get(one.client_id), loginClient(one))
  })

  it('returns the newest state, and none after it was deleted or all were forgotten', () => {
    const known = new KnownClients(MIB)
    for (const status of ['active', 'disabled'] as const) {
      known.set(sampleRecord({ status }))
      assert.equal(known.get('client_1')?.status, status)
    }
    known.delete('client_1')
    assert.equal(known.get('client_1'), null)
    known.set(sampleRecord())
    known.clear()
    assert.equal(known.get('client_1'), null)
    known.set(ELABORATE)
    assert.deepEqual(known.get('client_ñ'), loginClient(ELABORATE))
  })

  it('keeps a fleet in which no two clients are alike', () => {
    const known = new KnownClients(64 * MIB)
    const clientOf = (number: number) =>
      sampleRecord({
        client_id: `client_${number}`,
        allowlist: { mode: 'enforce', cidrs: [`10.${number >> 8}.${number & 255}.0/24`] },
      })
    for (let number = 0; number < 10_000; number++) known.set(clientOf(number))
    for (let number = 0; number < 10_000; number++) {
      assert.deepEqual(known.get(`client_${number}`), loginClient(clientOf(number)))
    }
  })

  it('keeps what is too long for a profile', () => {
    const known = new KnownClients(4 * MIB)
    const scopes = Array.from({ length: 100 }, (_, number) => `${number}`.padEnd(100, 'x'))
    const large = sampleRecord({ grants: [{ ...GRANT, scopes }] })
    known.set(large)
    assert.deepEqual(known.get('client_1'), loginClient(large))
  })

  it('returns the same object for a key each time', () => {
    const known = new KnownClients(MIB)
    known.set(ELABORATE)
    const [one, other] = [known.get('client_ñ'), known.get('client_ñ')]
    assert.notEqual(one?.keys[0], undefined)
    assert.equal(one?.keys[0], other?.keys[0])
  })
})
