import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AdminError } from '../errors/admin-error.ts'
import { parseClientInput } from './schemas.ts'

const GOOD = { name: 'a', grants: [{ audience: 'https://api.example' }] }

/** The error for a client with many of something. */
function faultOf(more: object): string {
  try {
    parseClientInput({ ...GOOD, ...more })
  } catch (error) {
    assert.ok(error instanceof AdminError)
    return error.message
  }
  return ''
}

it('a client with unknown members is refused with their names, but with nothing else', () => {
  assert.equal(faultOf({ tag: [], externalId: 'x' }), 'the body must not have "tag", "externalId"')
  const grants = [{ ...GOOD.grants[0], scope: 'a' }]
  assert.equal(faultOf({ grants }), 'grants.0 must not have "scope"')
  const secret = `miot_prod_${'a'.repeat(49)}`
  assert.equal(faultOf({ [secret]: 1 }), 'the body must not have additional properties')
})

describe('a client with thousands of faults', () => {
  const many = <Value>(value: Value): Value[] => Array(5000).fill(value)
  const members = Object.fromEntries(many(0).map((_, index) => [`k${index}`, 1]))

  it('is refused with the first few, wherever they are', () => {
    assert.equal(faultOf({}), '')
    const faults = {
      tags: { tags: many(7) },
      'fine tags': { tags: many('a') },
      grants: { grants: many({}) },
      scopes: { grants: [{ audience: 'https://api.example', scopes: many(7) }] },
      'fine scopes': { grants: [{ audience: 'https://api.example', scopes: many('a') }] },
      keys: { jwks: { keys: many({}) } },
      members,
    }
    for (const [name, more] of Object.entries(faults)) {
      const fault = faultOf(more)
      assert.ok(fault !== '' && fault.length < 600, `${name}: ${fault}`)
    }
  })

  it('has the last element of a list of legal length checked', () => {
    const scopes = [...Array(99).fill('a'), 7]
    assert.match(faultOf({ grants: [{ ...GOOD.grants[0], scopes }] }), /scopes\.99 must be string/)
  })
})
