import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SignatureJob } from './multi-buffer/eight-signer.ts'
import { createSignatureGroups } from './signature-groups.ts'

const key = {} as KeyObject

/** A signature is the input, after how it was made. */
function setUp({ works = true } = {}) {
  const groups: number[] = []
  const alone: string[] = []
  const eightSigner = {
    sign(jobs: readonly SignatureJob[]) {
      groups.push(jobs.length)
      return works ? jobs.map(({ input }) => Buffer.from(`group ${input}`)) : null
    },
  }
  const signInGroup = createSignatureGroups(eightSigner, async ({ input }) => {
    alone.push(String(input))
    if (String(input) === 'bad') throw new Error('cannot be signed')
    return Buffer.from(`alone ${input}`)
  })
  const sign = async (input: string): Promise<string> =>
    String(await signInGroup({ input: Buffer.from(input), key }))
  const signMany = (count: number, from = 0): Promise<string[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => sign(String(from + index))))
  return { groups, alone, sign, signMany }
}

describe('createSignatureGroups', () => {
  it('signs one to three alone', async () => {
    const { groups, sign, signMany } = setUp()
    assert.equal(await sign('a'), 'alone a')
    assert.deepEqual(await signMany(2), ['alone 0', 'alone 1'])
    assert.deepEqual(await signMany(3), ['alone 0', 'alone 1', 'alone 2'])
    assert.deepEqual(groups, [])
  })

  it('signs four to eight together, each for itself', async () => {
    for (let count = 4; count <= 8; count++) {
      const { groups, signMany } = setUp()
      const expected = Array.from({ length: count }, (_, index) => `group ${index}`)
      assert.deepEqual(await signMany(count), expected)
      assert.deepEqual(groups, [count])
    }
  })

  it('signs two groups in a turn, and the rest in the next', async () => {
    const { groups, signMany } = setUp()
    const all = signMany(40)
    await nextTurn()
    assert.deepEqual(groups, [8, 8])
    assert.equal((await all).filter((text) => text.startsWith('group')).length, 40)
    assert.deepEqual(groups, [8, 8, 8, 8, 8])
  })

  it('lets a few that are left wait a turn for company', async () => {
    const { groups, alone, signMany } = setUp()
    const first = signMany(9)
    await nextTurn()
    assert.deepEqual([groups, alone], [[8], []])
    const second = signMany(3, 9)
    assert.equal((await first)[8], 'group 8')
    await second
    assert.deepEqual(groups, [8, 4])
  })

  it('signs them alone when none comes', async () => {
    const { groups, signMany } = setUp()
    const signed = await signMany(10)
    assert.deepEqual(signed.slice(8), ['alone 8', 'alone 9'])
    assert.deepEqual(groups, [8])
  })

  it('signs each alone when the group cannot be signed', async () => {
    const { groups, alone, signMany } = setUp({ works: false })
    assert.deepEqual(await signMany(4), ['alone 0', 'alone 1', 'alone 2', 'alone 3'])
    assert.deepEqual([groups, alone.length], [[4], 4])
  })

  it('rejects only what cannot be signed', async () => {
    const { sign } = setUp({ works: false })
    const all = Promise.allSettled(['a', 'bad', 'c', 'd'].map(sign))
    assert.deepEqual(
      (await all).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
  })
})
