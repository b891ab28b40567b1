import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGroups } from './groups.ts'

/** Doubles numbers, and keeps the groups. */
function doubling(atMost = 10) {
  const groups: (readonly number[])[] = []
  const double = createGroups(
    async (numbers: readonly number[]) => {
      groups.push(numbers)
      return numbers.map((number) => 2 * number)
    },
    atMost,
    setImmediate,
  )
  return { groups, double }
}

describe('createGroups', () => {
  it('runs the requests of a turn together, each with its own result', async () => {
    const { groups, double } = doubling()
    assert.deepEqual(await Promise.all([1, 2, 3].map(double)), [2, 4, 6])
    assert.deepEqual(groups, [[1, 2, 3]])
    assert.equal(await double(4), 8)
    assert.deepEqual(groups, [[1, 2, 3], [4]])
  })

  it('bounds a group', async () => {
    const { groups, double } = doubling(2)
    assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map(double)), [2, 4, 6, 8, 10])
    assert.deepEqual(groups, [[1, 2], [3, 4], [5]])
  })

  it('adds nothing to a group that runs', async () => {
    const release = Promise.withResolvers<void>()
    const groups: (readonly number[])[] = []
    const run = createGroups(
      async (numbers: readonly number[]) => {
        groups.push(numbers)
        await release.promise
        return numbers
      },
      10,
      setImmediate,
    )
    const first = run(1)
    await nextTurn()
    const second = run(2)
    await nextTurn()
    assert.deepEqual(groups, [[1], [2]])
    release.resolve()
    assert.deepEqual(await Promise.all([first, second]), [1, 2])
  })

  it('fails all of a group, and none of the next', async () => {
    const fault = new Error('no store')
    let fails = true
    const run = createGroups(
      async (numbers: readonly number[]) => {
        if (fails) throw fault
        return numbers
      },
      10,
      setImmediate,
    )
    const outcomes = await Promise.allSettled([run(1), run(2)])
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason),
      [fault, fault],
    )
    fails = false
    assert.equal(await run(3), 3)
  })
})
