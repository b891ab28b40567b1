import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newOrganization } from '../admin/installation.ts'
import { newSecret, withInput } from '../clients/new-client.ts'
import { AdminError } from '../errors/admin-error.ts'
import { assertAudience } from '../records/audience.ts'
import { SAMPLE_TIME, sampleClient } from '../testing/sample-client.ts'

const AUDIENCE = {
  audience: 'https://api.example',
  scopes: ['read'],
  token_lifetime_seconds: 3600,
  signing_alg: 'RS256',
  token_typ: 'at+jwt',
} as const
const GRANT = { audience: AUDIENCE.audience, scopes: ['read'] }
const NOW = Date.parse(SAMPLE_TIME)
const change = (name: string, input: object) =>
  withInput(sampleClient({ name, grants: [GRANT] }), input, [AUDIENCE], NOW)

/** Every stored free text. */
const FIELDS: Readonly<Record<string, (text: string) => unknown>> = {
  'the name of a client': (text) => change('Pump', { name: text }),
  'a tag': (text) => change('Pump', { tags: [text] }),
  'an external id': (text) => change('Pump', { external_id: text }),
  'the name of an organization': newOrganization,
  'the label of a secret': (text) =>
    newSecret('production', text, null, { digestKey: new Uint8Array(32), now: NOW }),
  'the name of an audience': (text) => assertAudience({ ...AUDIENCE, audience: text }),
  'a scope': (text) => assertAudience({ ...AUDIENCE, scopes: [text] }),
}

describe('invisible text', () => {
  const hidden = ['\u202e', '\u2066', '\u200f', '\u061c', '\u009b', '\u007f', '\u200b', '\u2028']
  for (const [field, store] of Object.entries(FIELDS)) {
    it(`is refused in ${field}`, () => {
      for (const character of [...hidden, '\u200d', '\ufeff', '\u{e0041}']) {
        assert.throws(() => store(`pump${character}a`), AdminError, JSON.stringify(character))
      }
    })
  }

  it('is named in the refusal, with what to do', () => {
    assert.throws(() => change('Pump', { name: 'a\u202eb' }), {
      code: 'invalid_input',
      message: /name must not contain .* change the direction of text: retype it/,
    })
  })

  it('is accepted where a script or an emoji needs it', () => {
    for (const name of ['می\u200cخواهم', 'क्\u200dष', '👩🏽\u200d🚀 ❤\ufe0f']) {
      assert.equal(change('Pump', { name }).name, name)
    }
  })

  it('in a name from before the rule does not block other changes', () => {
    const old = 'a\u202eb'
    assert.deepEqual(change(old, { tags: ['a'] }).tags, ['a'])
    assert.equal(change(old, { name: old }).name, old)
    assert.equal(change(old, { name: 'plain' }).name, 'plain')
    assert.throws(() => change(old, { name: `${old}c` }), AdminError)
  })
})
