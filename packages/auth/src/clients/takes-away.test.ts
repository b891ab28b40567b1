import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Audience } from '../records/audience.ts'
import type { Allowlist, Client, ClientKey } from '../records/client.ts'
import { SAMPLE_TIME, sampleClient, sampleSecret } from '../testing/sample-client.ts'
import { takesAway } from './takes-away.ts'

const NOW_MS = 1_800_000_000_000
const PAST = new Date(NOW_MS - 1).toISOString()
const NOW = new Date(NOW_MS).toISOString()
const SOON = new Date(NOW_MS + 1).toISOString()

const audienceOf = (audience: string, token_lifetime_seconds: number): Audience => ({
  ...{
    audience,
    token_lifetime_seconds,
    scopes: ['read', 'write'],
    signing_alg: 'ES256',
    token_typ: 'at+jwt',
  },
})
const AUDIENCES = [audienceOf('a', 3600), audienceOf('b', 600)]

const grantOf = (audience: string, ...scopes: string[]) => ({ audience, scopes })
const enforced = (...cidrs: string[]): Partial<Client> => listOf('enforce', ...cidrs)
const listOf = (mode: Allowlist['mode'], ...cidrs: string[]): Partial<Client> => ({
  allowlist: { mode, cidrs },
})
const secrets = (...ends: (string | null)[]): Partial<Client> => ({
  secrets: ends.map((expires_at, index) => sampleSecret(`secret_${index}`, { expires_at })),
})
const keyOf = (kid: string, x = kid): ClientKey => ({
  ...{ kid, alg: 'EdDSA', jwk: { kty: 'OKP', crv: 'Ed25519', x }, created_at: SAMPLE_TIME },
})

const READ = { grants: [grantOf('a', 'read')] }
const BOTH = { grants: [grantOf('a', 'read', 'write')] }

type Row = readonly [before: Partial<Client>, after: Partial<Client>]

const TAKES: Readonly<Record<string, Row>> = {
  'disabling it': [{}, { status: 'disabled' }],
  'a scope that is removed': [BOTH, READ],
  'a scope that is replaced by another': [READ, { grants: [grantOf('a', 'write')] }],
  'an audience that is removed': [{ grants: [grantOf('a', 'read'), grantOf('b', 'read')] }, READ],
  'an audience that is replaced, its scopes staying': [READ, { grants: [grantOf('b', 'read')] }],
  'an allowlist that is put in force': [listOf('off'), enforced('10.0.0.0/8')],
  'an observed allowlist that is enforced': [
    listOf('observe', '10.0.0.0/8'),
    enforced('10.0.0.0/8'),
  ],
  'an allowlist of one family that is put in force': [listOf('off'), enforced('0.0.0.0/0')],
  'an enforced range that is removed': [
    enforced('10.0.0.0/8', '192.0.2.0/24'),
    enforced('10.0.0.0/8'),
  ],
  'an enforced range that is narrowed': [enforced('10.0.0.0/8'), enforced('10.0.0.0/9')],
  'an enforced range that is moved': [enforced('10.0.0.0/24'), enforced('10.0.1.0/24')],
  'an enforced range in whose place comes one that is not its family’s': [
    enforced('10.0.0.0/8'),
    enforced('::/0'),
  ],
  'a shorter life of its tokens': [
    { ...READ, token_lifetime_seconds: 900 },
    { ...READ, token_lifetime_seconds: 899 },
  ],
  'a life of its own that is shorter than the audience’s': [
    READ,
    { ...READ, token_lifetime_seconds: 3599 },
  ],
  'a life of its own that is shorter than one audience’s of two': [
    { grants: [grantOf('b', 'read'), grantOf('a', 'read')] },
    { grants: [grantOf('b', 'read'), grantOf('a', 'read')], token_lifetime_seconds: 900 },
  ],
  'no longer a life of its own, where the audience’s is shorter': [
    { grants: [grantOf('b', 'read')], token_lifetime_seconds: 900 },
    { grants: [grantOf('b', 'read')], token_lifetime_seconds: null },
  ],
  'its only secret that is revoked': [secrets(null), { secrets: [] }],
  'its last living secret that is revoked': [secrets(null, PAST), secrets(NOW, PAST)],
  'a rotation without overlap': [
    secrets(null, null),
    { secrets: [...(secrets(NOW, NOW).secrets ?? []), sampleSecret('new')] },
  ],
  'keys that are all replaced': [{ keys: [keyOf('one')] }, { keys: [keyOf('two')] }],
  'a key that is replaced under its name': [
    { keys: [keyOf('one')] },
    { keys: [keyOf('one', 'other')] },
  ],
}

const LEAVES: Readonly<Record<string, Row>> = {
  nothing: [{}, {}],
  'a name, tags and an id': [{}, { name: 'New', tags: ['a'], external_id: 'e' }],
  'enabling it': [{ status: 'disabled' }, {}],
  'a scope that is added': [READ, BOTH],
  'scopes and audiences in another order': [
    { grants: [grantOf('a', 'read', 'write'), grantOf('b', 'read')] },
    { grants: [grantOf('b', 'read'), grantOf('a', 'write', 'read')] },
  ],
  'an audience that is added': [READ, { grants: [grantOf('b', 'read'), grantOf('a', 'read')] }],
  'an allowlist that is switched off': [enforced('10.0.0.0/8'), listOf('off')],
  'an allowlist that only observes, whatever is in it': [
    listOf('observe', '10.0.0.0/8'),
    listOf('observe', '192.0.2.1'),
  ],
  'an enforced allowlist that only observes': [
    enforced('10.0.0.0/8'),
    listOf('observe', '10.0.0.0/8'),
  ],
  'an allowlist of all addresses that is put in force': [
    listOf('off'),
    enforced('::/0', '0.0.0.0/0'),
  ],
  'an enforced range that is added': [enforced('10.0.0.0/8'), enforced('192.0.2.1', '10.0.0.0/8')],
  'an enforced range that is widened': [enforced('10.1.0.0/16'), enforced('10.0.0.0/8')],
  'an enforced range that two cover together': [
    enforced('10.0.0.0/8'),
    enforced('10.128.0.0/9', '10.0.0.0/9'),
  ],
  'an enforced range that is written as IPv6 has it': [
    enforced('10.0.0.0/8'),
    enforced('::ffff:10.0.0.0/104'),
  ],
  'a longer life of its tokens': [
    { ...READ, token_lifetime_seconds: 900 },
    { ...READ, token_lifetime_seconds: 901 },
  ],
  'a life of its own that is no shorter than the audience’s': [
    READ,
    { ...READ, token_lifetime_seconds: 3600 },
  ],
  'no longer a life of its own, where the audience’s is longer': [
    { ...READ, token_lifetime_seconds: 900 },
    { ...READ, token_lifetime_seconds: null },
  ],
  'a secret that is added': [secrets(null), secrets(null, null)],
  'a rotation with an overlap': [
    secrets(null),
    { secrets: [...(secrets(SOON).secrets ?? []), sampleSecret('new')] },
  ],
  'a secret that is revoked while another stays': [secrets(null, null), secrets(null)],
  'a secret that is revoked after its end': [secrets(PAST), { secrets: [] }],
  'a first secret': [{ secrets: [] }, secrets(null)],
  'its secret that is revoked while a key stays': [
    { ...secrets(null), keys: [keyOf('one')] },
    { keys: [keyOf('one')] },
  ],
  'a key that is removed while another stays': [
    { keys: [keyOf('one'), keyOf('two')] },
    { keys: [keyOf('two')] },
  ],
  'a quota': [{}, { quota: { mode: 'enforce', tokens_per_hour: 1, tokens_per_day: null } }],
  'no longer to be a resource server': [
    { resource_server_for: ['a'] },
    { resource_server_for: [] },
  ],
}

const takes = ([before, after]: Row): boolean =>
  takesAway(sampleClient(before), sampleClient(after), { audiences: AUDIENCES, nowMs: NOW_MS })

describe('what takes power away from valid tokens:', () => {
  for (const [what, row] of Object.entries(TAKES)) it(what, () => assert.equal(takes(row), true))
})

describe('what leaves valid tokens unchanged:', () => {
  for (const [what, row] of Object.entries(LEAVES)) it(what, () => assert.equal(takes(row), false))
})
