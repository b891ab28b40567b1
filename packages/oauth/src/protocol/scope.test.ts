import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isScopeToken, parseScope, scopeIncludes } from './scope.ts'

/** RFC 6749 Appendix A.4, by code: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ). */
function isTokenCharacter(code: number): boolean {
  return code === 0x21 || (code >= 0x23 && code <= 0x5b) || (code >= 0x5d && code <= 0x7e)
}

const scopeToken = fc.string({
  unit: fc
    .integer({ min: 0x21, max: 0x7e })
    .filter(isTokenCharacter)
    .map((c) => String.fromCharCode(c)),
  minLength: 1,
})

describe('isScopeToken', () => {
  it('accepts exactly the characters of the grammar', () => {
    for (let code = 0; code <= 0x180; code++) {
      assert.equal(isScopeToken(String.fromCharCode(code)), isTokenCharacter(code), `U+${code}`)
      assert.equal(isScopeToken(`a${String.fromCharCode(code)}b`), isTokenCharacter(code))
    }
  })

  it('refuses the empty string and a newline at the end', () => {
    assert.equal(isScopeToken(''), false)
    assert.equal(isScopeToken('asset:track:write\n'), false)
  })
})

describe('parseScope', () => {
  it('gives the distinct tokens in the order sent', () => {
    assert.deepEqual(parseScope('b a b c a'), ['b', 'a', 'c'])
  })

  it('tells upper case from lower case', () => {
    assert.deepEqual(parseScope('read READ'), ['read', 'READ'])
  })

  it('reads any list of tokens, however many spaces divide them', () => {
    const spaces = fc.integer({ min: 1, max: 3 }).map((count) => ' '.repeat(count))
    fc.assert(
      fc.property(fc.array(scopeToken, { minLength: 1 }), spaces, (tokens, space) => {
        assert.deepEqual(parseScope(tokens.join(space)), [...new Set(tokens)])
      }),
    )
  })

  for (const scope of [
    '',
    ' ',
    '   ',
    'a\tb',
    'a\nb',
    'say "hi"',
    'a\\b',
    'é',
    'a\u00a0b',
    'a\0',
  ]) {
    it(`refuses ${JSON.stringify(scope)}`, () => {
      assert.throws(() => parseScope(scope), { error: 'invalid_scope', status: 400 })
    })
  }
})

describe('scopeIncludes', () => {
  const cases: readonly (readonly [scope: string, wanted: string, included: boolean])[] = [
    ['asset:track:write', 'asset:track:write', true],
    ['asset:track:read asset:track:write', 'asset:track:write', true],
    ['asset:track:write-all', 'asset:track:write', false],
    ['x-asset:track:write', 'asset:track:write', false],
    ['asset:track', 'asset:track:write', false],
    ['ASSET:TRACK:WRITE', 'asset:track:write', false],
    ['asset:track:read,asset:track:write', 'asset:track:write', false],
    ['*', 'asset:track:write', false],
    ['', 'asset:track:write', false],
  ]
  for (const [scope, wanted, included] of cases) {
    it(`says ${included} for ${wanted} in "${scope}"`, () => {
      assert.equal(scopeIncludes(scope, wanted), included)
    })
  }
})
