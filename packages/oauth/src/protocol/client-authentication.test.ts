import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseClientCredentials } from './client-authentication.ts'

function parse(parameters: Record<string, string>, authorization?: string) {
  return parseClientCredentials(new Map(Object.entries(parameters)), authorization)
}

function basic(userpass: string): string {
  return `Basic ${Buffer.from(userpass).toString('base64')}`
}

/** RFC 6749 Appendix B, as a careful client does it. */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

describe('parseClientCredentials from the body', () => {
  it('reads client_secret_post', () => {
    assert.deepEqual(parse({ client_id: 'a', client_secret: 's' }), {
      method: 'client_secret_post',
      client_id: 'a',
      client_secret: 's',
    })
  })

  const incomplete: readonly (readonly [parameters: Record<string, string>, missing: string[]])[] =
    [
      [{}, ['client_id', 'client_secret']],
      [{ client_id: 'a' }, ['client_secret']],
      [{ client_secret: 's' }, ['client_id']],
    ]
  for (const [parameters, missing] of incomplete) {
    it(`names ${missing.join(' and ')} as missing`, () => {
      assert.deepEqual(parse(parameters), { missing })
    })
  }
})

describe('parseClientCredentials from HTTP Basic', () => {
  const accepted: readonly (readonly [why: string, header: string, id: string, secret: string])[] =
    [
      ['a plain pair', basic('a:s'), 'a', 's'],
      ['a secret with a colon in it', basic('a:s:t:u'), 'a', 's:t:u'],
      ['percent-encoded halves', basic('a%3Ab:s%25%C3%A9'), 'a:b', 's%é'],
      ['plus for a space', basic('a+b:s+t'), 'a b', 's t'],
      ['a percent-encoded plus', basic('a:s%2Bt'), 'a', 's+t'],
      ['a scheme in any case', basic('a:s').replace('Basic', 'bASIC'), 'a', 's'],
      ['several spaces after the scheme', basic('a:s').replace(' ', '   '), 'a', 's'],
      ['base64 without its padding', basic('ab:s').replaceAll('=', ''), 'ab', 's'],
    ]
  for (const [why, header, client_id, client_secret] of accepted) {
    it(`reads ${why}`, () => {
      const expected = { method: 'client_secret_basic', client_id, client_secret }
      assert.deepEqual(parse({}, header), expected)
    })
  }

  it('decodes any id and secret that a client encoded', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(text, text, (client_id, client_secret) => {
        const header = basic(`${formEncode(client_id)}:${formEncode(client_secret)}`)
        const expected = { method: 'client_secret_basic', client_id, client_secret }
        assert.deepEqual(parse({}, header), expected)
      }),
    )
  })

  it('reads any id and secret of our own alphabet that was sent unencoded', () => {
    const text = fc.stringMatching(/^[A-Za-z0-9_]{1,60}$/)
    fc.assert(
      fc.property(text, text, (client_id, client_secret) => {
        const expected = { method: 'client_secret_basic', client_id, client_secret }
        assert.deepEqual(parse({}, basic(`${client_id}:${client_secret}`)), expected)
      }),
    )
  })

  const refused: readonly (readonly [why: string, header: string])[] = [
    ['an empty header', ''],
    ['the scheme alone', 'Basic'],
    ['the scheme and a space', 'Basic '],
    ['no space after the scheme', basic('a:s').replace(' ', '')],
    ['an empty id', basic(':s')],
    ['an empty secret', basic('a:')],
    ['no colon', basic('as')],
    ['characters outside base64', 'Basic YTp*'],
    ['base64url', 'Basic YTrDvz-_'],
    ['an impossible base64 length', 'Basic YTpzY'],
    ['padding in the middle', 'Basic YQ==OnM='],
    ['two credentials', `${basic('a:s')}, ${basic('b:t')}`],
    ['a percent sign that encodes nothing', basic('a:100%')],
    ['percent-encoded bytes that are not UTF-8', basic('a:%FF')],
    ['Bearer', 'Bearer YTpz'],
    ['Digest', 'Digest username="a"'],
    ['another scheme that ends alike', 'XBasic YTpz'],
  ]
  for (const [why, header] of refused) {
    it(`answers ${why} with 401 invalid_client`, () => {
      assert.throws(() => parse({}, header), {
        error: 'invalid_client',
        status: 401,
        reason: { kind: 'malformed_client_authentication' },
      })
    })
  }

  it('does not fall back to the body when the header cannot be used', () => {
    assert.throws(() => parse({ client_id: 'a' }, 'Bearer x'), { error: 'invalid_client' })
  })
})

describe('parseClientCredentials from both', () => {
  it('refuses two methods at once, even when they agree', () => {
    const both = { client_id: 'a', client_secret: 's' }
    assert.throws(() => parse(both, basic('a:s')), { error: 'invalid_request', status: 400 })
    assert.throws(() => parse({ client_secret: 's' }, basic('a:s')), { error: 'invalid_request' })
  })

  it('refuses a client_id in the body that differs from the one in the header', () => {
    assert.throws(() => parse({ client_id: 'b' }, basic('a:s')), {
      error: 'invalid_request',
      status: 400,
    })
  })

  it('accepts a client_id in the body that repeats the one in the header', () => {
    const credentials = parse({ client_id: 'a' }, basic('a:s'))
    assert.equal('method' in credentials && credentials.method, 'client_secret_basic')
  })
})
