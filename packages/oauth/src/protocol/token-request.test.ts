import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTokenRequest } from './token-request.ts'

const COMPLETE = {
  client_id: 'a',
  client_secret: 's',
  grant_type: 'client_credentials',
  audience: 'https://api.example/v1',
}

const BASIC = `Basic ${Buffer.from('a:s').toString('base64')}`

function parse(parameters: Record<string, string | undefined>, authorization?: string) {
  const sent = Object.entries(parameters).filter((entry): entry is [string, string] => !!entry[1])
  return parseTokenRequest(new Map(sent), authorization)
}

/** Every set of names that can be left out, except the empty one. */
function combinations(names: readonly string[]): string[][] {
  return Array.from({ length: 2 ** names.length - 1 }, (_, bits) =>
    names.filter((_name, index) => ((bits + 1) >> index) & 1),
  )
}

function without(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(COMPLETE).filter(([name]) => !names.includes(name)))
}

describe('parseTokenRequest', () => {
  it('reads a complete request', () => {
    assert.deepEqual(parse({ ...COMPLETE, scope: 'b a b' }), {
      credentials: { method: 'client_secret_post', client_id: 'a', client_secret: 's' },
      audience: 'https://api.example/v1',
      scope: ['b', 'a'],
    })
  })

  it('reads the client from the Authorization header', () => {
    const { credentials } = parse(without(['client_id', 'client_secret']), BASIC)
    assert.deepEqual(credentials, {
      method: 'client_secret_basic',
      client_id: 'a',
      client_secret: 's',
    })
  })

  it('gives null for a scope that was not sent', () => {
    assert.equal(parse(COMPLETE).scope, null)
  })

  it('refuses a malformed scope', () => {
    assert.throws(() => parse({ ...COMPLETE, scope: 'a\tb' }), { error: 'invalid_scope' })
  })

  it('refuses two client authentication methods', () => {
    assert.throws(() => parse(COMPLETE, BASIC), { error: 'invalid_request', status: 400 })
  })

  for (const grant_type of ['authorization_code', 'Client_Credentials', 'client_credentials ']) {
    it(`answers grant_type "${grant_type}" with unsupported_grant_type`, () => {
      const refusal = { error: 'unsupported_grant_type', status: 400 }
      assert.throws(() => parse({ ...COMPLETE, grant_type }), refusal)
      assert.throws(() => parse({ grant_type }), refusal)
    })
  }
})

describe('a token request with parameters missing', () => {
  for (const missing of combinations(['client_id', 'client_secret', 'grant_type'])) {
    // No secret is no client authentication; what else is missing makes it a malformed request.
    const unauthenticated = ['client_id,client_secret', 'client_secret'].includes(missing.join())
    const error = unauthenticated ? 'invalid_client' : 'invalid_request'
    it(`names ${missing.join(', ')} in one ${error}, with an audience or without`, () => {
      const parameters = missing.length > 1 ? 'parameters' : 'parameter'
      for (const sent of [without(missing), without([...missing, 'audience'])]) {
        assert.throws(() => parse(sent), {
          error,
          error_description: `Missing required ${parameters}: ${missing.join(', ')}`,
          status: unauthenticated ? 401 : 400,
          reason: unauthenticated
            ? { kind: 'no_client_authentication' }
            : { kind: 'missing_parameter', parameters: missing },
        })
      }
    })
  }

  it('names grant_type, and not the secret, when the client came by Basic', () => {
    const parameters = without(['grant_type', 'client_id', 'client_secret'])
    assert.throws(() => parse(parameters, BASIC), {
      error: 'invalid_request',
      reason: { kind: 'missing_parameter', parameters: ['grant_type'] },
    })
  })
})

describe('the audience of a token request', () => {
  const resource = 'https://api.example/v1'

  it('may come as resource, its standard name', () => {
    assert.equal(parse({ ...COMPLETE, audience: undefined, resource }).audience, resource)
  })

  it('may have both names when they agree', () => {
    assert.equal(parse({ ...COMPLETE, audience: resource, resource }).audience, resource)
  })

  it('may not have both names when they differ', () => {
    assert.throws(() => parse({ ...COMPLETE, audience: `${resource}/`, resource }), {
      error: 'invalid_request',
      status: 400,
    })
  })

  it('may be left out: the client’s grants decide', () => {
    assert.equal(parse({ ...COMPLETE, audience: undefined }).audience, null)
  })

  it('may be any text when it comes as audience', () => {
    assert.equal(parse({ ...COMPLETE, audience: 'tracking' }).audience, 'tracking')
  })

  for (const uri of [
    'https://api.example',
    'urn:miot:api',
    'https://a.example/p?q=1',
    'a+b-c.1:x',
  ]) {
    it(`may be the resource ${uri}`, () => {
      assert.equal(parse({ ...COMPLETE, audience: undefined, resource: uri }).audience, uri)
    })
  }

  const notUris = [
    'api',
    '/v1',
    '//api.example',
    'https:',
    '1a:b',
    'https://a.example/#f',
    'a:b c',
    'a:b\n',
  ]
  for (const text of notUris) {
    it(`may not be the resource ${JSON.stringify(text)}, which is not an absolute URI`, () => {
      assert.throws(() => parse({ ...COMPLETE, audience: undefined, resource: text }), {
        error: 'invalid_target',
        status: 400,
      })
    })
  }
})

describe('the length of a parameter', () => {
  it('may be 2048 characters', () => {
    assert.equal(parse({ ...COMPLETE, audience: 'a'.repeat(2048) }).audience?.length, 2048)
  })

  for (const name of [...Object.keys(COMPLETE), 'scope', 'resource']) {
    it(`may not be 2049 characters, according to the answer to ${name}`, () => {
      assert.throws(() => parse({ ...COMPLETE, [name]: 'a'.repeat(2049) }), {
        error: 'invalid_request',
        error_description: `${name} is longer than 2048 characters`,
      })
    })
  }

  it('does not quote an unknown parameter name in the answer', () => {
    for (const name of ['<b>', 'x'.repeat(33), 'a\r\nb']) {
      assert.throws(() => parse({ ...COMPLETE, [name]: 'a'.repeat(2049) }), {
        error_description: 'A parameter is longer than 2048 characters',
      })
    }
  })
})
