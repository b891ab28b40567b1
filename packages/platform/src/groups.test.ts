import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGroups, type GroupOptions } from './groups.ts'

/** Doubles numbers; each group waits until it is released. */
function doubling(options: Partial<GroupOptions> = {}) {
  const groups: (readonly number[])[] = []
  const gates: PromiseWithResolvers<void>[] = []
  const double = createGroups(
    async (numbers: readonly number[]) => {
      groups.push(numbers)
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return numbers.map((number) => 2 * number)
    },
    { atMost: 10, atATime: 2, ...options },
  )
  /** Lets the groups begin, then the first one that runs end. */
  const end = async (fault?: Error): Promise<void> => {
    await nextTurn()
    if (fault === undefined) gates.shift()?.resolve()
    else gates.shift()?.reject(fault)
    await nextTurn()
  }
  return { groups, double, end }
}

describe('createGroups', () => {
  it('runs the requests of a turn together, each with its own result', async () => {
    const { groups, double, end } = doubling()
    const doubled = Promise.all([1, 2, 3].map(double))
    await end()
    assert.deepEqual(await doubled, [2, 4, 6])
    const last = double(4)
    await end()
    assert.equal(await last, 8)
    assert.deepEqual(groups, [[1, 2, 3], [4]])
  })

  it('bounds a group, and how many run', async () => {
    const { groups, double, end } = doubling({ atMost: 2 })
    const doubled = Promise.all([1, 2, 3, 4, 5].map(double))
    await nextTurn()
    assert.deepEqual(groups, [
      [1, 2],
      [3, 4],
    ])
    await end()
    assert.deepEqual(groups.at(-1), [5])
    await end()
    await end()
    assert.deepEqual(await doubled, [2, 4, 6, 8, 10])
  })

  it('adds nothing to a group that runs', async () => {
    const { groups, double, end } = doubling()
    const first = double(1)
    await nextTurn()
    const second = double(2)
    await nextTurn()
    assert.deepEqual(groups, [[1], [2]])
    await end()
    await end()
    assert.deepEqual(await Promise.all([first, second]), [2, 4])
  })

  it('gathers what is requested while as many run as may', async () => {
    const { groups, double, end } = doubling({ atATime: 1 })
    const doubled = [double(1)]
    await nextTurn()
    doubled.push(double(2))
    await nextTurn()
    doubled.push(double(3))
    await nextTurn()
    assert.deepEqual(groups, [[1]])
    await end()
    assert.deepEqual(groups, [[1], [2, 3]])
    await end()
    assert.deepEqual(await Promise.all(doubled), [2, 4, 6])
  })

  it('fails all of a group and those that wait, and none of the next', async () => {
    const { groups, double, end } = doubling({ atATime: 1 })
    const fault = new Error('no store')
    const running = [double(1), double(2)]
    await nextTurn()
    const waiting = double(3)
    const outcomes = Promise.allSettled([...running, waiting])
    await end(fault)
    for (const outcome of await outcomes) {
      assert.equal(outcome.status === 'rejected' && outcome.reason, fault)
    }
    const next = double(4)
    await end()
    assert.equal(await next, 8)
    assert.deepEqual(groups, [[1, 2], [4]])
  })
})
