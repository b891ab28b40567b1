import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sampleClient, sampleSecret } from '../testing/sample-client.ts'
import { changesOf, MAX_MEMBER_LENGTH } from './changes.ts'

describe('what an entry holds of a change', () => {
  const change = (before: object, after: object) =>
    changesOf(sampleClient(before), sampleClient(after))

  it('is the members that differ, and no others', () => {
    assert.deepEqual(change({ name: 'Truck', version: 1 }, { name: 'Van', version: 2 }), {
      before: { name: 'Truck', version: 1 },
      after: { name: 'Van', version: 2 },
    })
    assert.deepEqual(change({}, {}), { before: {}, after: {} })
  })

  it('is, for a list, what was removed and what was added', () => {
    assert.deepEqual(change({ tags: ['a', 'b', 'c'] }, { tags: ['c', 'd', 'b'] }), {
      before: { tags: ['a'] },
      after: { tags: ['d'] },
    })
    const allowlist = (...cidrs: string[]) => ({ allowlist: { mode: 'enforce', cidrs } })
    assert.deepEqual(change(allowlist('10.0.0.0/8'), allowlist('10.0.0.0/8', '::1/128')), {
      before: { allowlist: { cidrs: [] } },
      after: { allowlist: { cidrs: ['::1/128'] } },
    })
  })

  it('names an element that changed, with its changes', () => {
    const [one, two] = [sampleSecret('one'), sampleSecret('two')]
    const ended = { ...one, expires_at: '2027-01-01T00:00:00.000Z' }
    assert.deepEqual(change({ secrets: [one, two] }, { secrets: [ended, two] }), {
      before: { secrets: [{ secret_id: 'one', expires_at: null }] },
      after: { secrets: [{ secret_id: 'one', expires_at: ended.expires_at }] },
    })
  })

  it('is, for a grant, the scopes that were removed and those that were added', () => {
    const grants = (...scopes: string[]) => ({ grants: [{ audience: 'api', scopes }] })
    assert.deepEqual(change(grants('read', 'write'), grants('read', 'admin')), {
      before: { grants: [{ audience: 'api', scopes: ['write'] }] },
      after: { grants: [{ audience: 'api', scopes: ['admin'] }] },
    })
  })

  it('is the whole record for something new', () => {
    const client = sampleClient({ tags: ['a'] })
    assert.deepEqual(changesOf(null, client), { before: null, after: client })
  })

  it('is empty exactly when nothing but the order changed', () => {
    const words = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'))
    const members = fc.record({ name: fc.constantFrom('x', 'y'), tags: words })
    fc.assert(
      fc.property(members, members, (one, other) => {
        const { before, after } = change(one, other)
        const sorted = ({ name, tags }: typeof one) => JSON.stringify([name, tags.toSorted()])
        const same = JSON.stringify([before, after]) === '[{},{}]'
        assert.equal(same, sorted(one) === sorted(other))
      }),
    )
  })

  it('is bounded: the digest of a member that is too long, the other members whole', () => {
    const tags = Array.from({ length: 3000 }, (_, index) => `tag-${index}`)
    const sha256 = hash('sha256', JSON.stringify(tags))
    const bytes = JSON.stringify(tags).length
    assert.ok(bytes > MAX_MEMBER_LENGTH)
    const { before, after } = change({ name: 'Truck', tags }, { name: 'Van', tags: [] })
    assert.deepEqual(after, { name: 'Van', tags: [] })
    assert.deepEqual(before, {
      name: 'Truck',
      tags: { omitted: { elements: 3000, bytes, sha256 } },
    })
    const made = changesOf(null, sampleClient({ tags })).after as { tags: unknown }
    assert.deepEqual(made.tags, { omitted: { elements: 3000, bytes, sha256 } })
  })
})
