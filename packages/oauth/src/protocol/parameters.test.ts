import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parametersFromForm, parametersFromJson, queryHoldsParameters } from './parameters.ts'

const KNOWN = ['grant_type', 'client_id', 'client_secret', 'audience', 'resource', 'scope']

describe('parametersFromForm', () => {
  it('reads what a form encoder wrote, whatever the values', () => {
    const values = fc.dictionary(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme', minLength: 1 }),
    )
    fc.assert(
      fc.property(values, (sent) => {
        const body = Object.entries(sent)
          .map((pair) => pair.map(encodeURIComponent).join('='))
          .join('&')
        assert.deepEqual(Object.fromEntries(parametersFromForm(body)), { ...sent })
      }),
    )
  })

  it('decodes plus and percent', () => {
    const parameters = parametersFromForm('scope=a+b%20c&audience=https%3A%2F%2Fapi.example%2Fv1')
    assert.equal(parameters.get('scope'), 'a b c')
    assert.equal(parameters.get('audience'), 'https://api.example/v1')
  })

  it('treats a parameter without a value as not sent', () => {
    assert.deepEqual([...parametersFromForm('client_id=&scope&audience=a')], [['audience', 'a']])
  })

  it('ignores an unknown parameter, but keeps it readable', () => {
    assert.equal(parametersFromForm('client_id=a&device=7').get('device'), '7')
  })

  for (const name of KNOWN.filter((known) => known !== 'resource')) {
    it(`refuses ${name} sent twice, and says so`, () => {
      assert.throws(() => parametersFromForm(`${name}=a&${name}=a`), {
        error: 'invalid_request',
        error_description: `The parameter ${name} is repeated`,
        status: 400,
      })
    })
  }

  const repeated: readonly (readonly [why: string, body: string])[] = [
    ['percent-encoded the second time', 'client_id=a&client%5Fid=b'],
    ['of which the first is empty', 'client_id=&client_id=b'],
    ['of which the second is empty', 'client_id=a&client_id'],
    ['that is unknown', 'device=1&device=2'],
    ['that has no name', '=1&=2'],
  ]
  for (const [why, body] of repeated) {
    it(`refuses a repeated parameter ${why}`, () => {
      assert.throws(() => parametersFromForm(body), { error: 'invalid_request', status: 400 })
    })
  }

  it('does not quote an unknown parameter name in the answer', () => {
    assert.throws(() => parametersFromForm('%3Cb%3E=1&%3Cb%3E=2'), {
      error_description: 'A parameter is repeated',
    })
  })

  it('answers several resources with invalid_target, as RFC 8707 requires', () => {
    assert.throws(
      () => parametersFromForm('resource=https://a.example&resource=https://b.example'),
      {
        error: 'invalid_target',
        status: 400,
      },
    )
  })
})

describe('parametersFromJson', () => {
  it('reads the strings of one object', () => {
    const text = '{"client_id":"a","client_secret":"é\\u0041","device":"7"}'
    assert.deepEqual(
      [...parametersFromJson(JSON.parse(text))],
      [
        ['client_id', 'a'],
        ['client_secret', 'éA'],
        ['device', '7'],
      ],
    )
  })

  it('treats null and the empty string as not sent', () => {
    assert.equal(parametersFromJson(JSON.parse('{"client_id":null,"scope":""}')).size, 0)
  })

  for (const name of KNOWN) {
    for (const member of ['1', 'true', '["a"]', '{"a":"b"}']) {
      it(`refuses ${name} that holds ${member}`, () => {
        assert.throws(() => parametersFromJson(JSON.parse(`{"${name}":${member}}`)), {
          error: 'invalid_request',
          error_description: `${name} must be a string`,
          status: 400,
        })
      })
    }
  }

  it('ignores an unknown member, whatever it holds', () => {
    const text = '{"meta":{"a":[{"b":1}]},"list":["a"],"n":1,"yes":true,"client_id":"a"}'
    assert.deepEqual([...parametersFromJson(JSON.parse(text))], [['client_id', 'a']])
  })

  for (const name of ['__proto__', '\\u005f_proto__']) {
    it(`refuses a member written ${name}`, () => {
      assert.throws(() => parametersFromJson(JSON.parse(`{"${name}":{"client_id":"evil"}}`)), {
        error: 'invalid_request',
        error_description: 'A member may not be named __proto__',
      })
    })
  }

  it('does not let constructor stand in for a parameter', () => {
    const text = '{"constructor":{"prototype":{"client_id":"evil"}}}'
    const parameters = parametersFromJson(JSON.parse(text))
    assert.equal(parameters.size, 0)
    assert.equal(parameters.get('client_id'), undefined)
    assert.equal(({} as Record<string, unknown>).client_id, undefined)
  })

  for (const text of ['[]', '["client_id"]', 'null', '"client_id=a"', '7', 'true']) {
    it(`refuses ${text}, which is JSON but not an object`, () => {
      assert.throws(() => parametersFromJson(JSON.parse(text)), {
        error: 'invalid_request',
        error_description: 'The body must be a JSON object',
      })
    })
  }

  it('returns the same parameters as the equivalent form', () => {
    const sent = fc.dictionary(fc.constantFrom(...KNOWN, 'device'), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(sent, (parameters) => {
        const form = new URLSearchParams(parameters).toString()
        assert.deepEqual(parametersFromForm(form), parametersFromJson({ ...parameters }))
      }),
    )
  })
})

describe('queryHoldsParameters', () => {
  for (const name of KNOWN) {
    it(`finds ${name} in a query`, () => {
      assert.equal(queryHoldsParameters(`a=1&${name}=x`), true)
      assert.equal(queryHoldsParameters(`?${name}`), true)
      assert.equal(
        queryHoldsParameters(`%${name.charCodeAt(0).toString(16)}${name.slice(1)}=`),
        true,
      )
    })
  }

  it('lets a query pass that holds none', () => {
    assert.equal(queryHoldsParameters(''), false)
    assert.equal(queryHoldsParameters('utm_source=client_id&Client_ID=a'), false)
  })
})
