import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers, type Peers } from '@modulariot/platform/peers'
import { ClientBudget, threadCpuMs } from './client-budget.ts'

function budgetOf(limits = { msPerSecond: 500, burstSeconds: 20 }) {
  let nowMs = 1_000_000
  const budget = new ClientBudget(limits, () => nowMs)
  return {
    budget,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('a client', () => {
  it('can spend its burst at once, and is refused past it', () => {
    const { budget } = budgetOf()
    budget.charge('a', 10_000)
    budget.assertWithin('a')
    budget.charge('a', 1)
    assert.throws(() => budget.assertWithin('a'), { status: 429, retryAfterSeconds: 1 })
  })

  it('gets the time until its budget is refilled, and is served then', () => {
    const { budget, pass } = budgetOf()
    budget.charge('a', 11_250)
    assert.throws(() => budget.assertWithin('a'), { status: 429, retryAfterSeconds: 3 })
    pass(2_499)
    assert.throws(() => budget.assertWithin('a'), { status: 429 })
    pass(1)
    budget.assertWithin('a')
  })

  it('can use half of the time indefinitely', () => {
    const { budget, pass } = budgetOf()
    for (let second = 0; second < 1000; second++) {
      budget.assertWithin('a')
      budget.charge('a', 500)
      pass(1000)
    }
    for (let second = 0; second < 41; second++) {
      budget.charge('a', 750)
      pass(1000)
    }
    assert.throws(() => budget.assertWithin('a'), { status: 429 })
  })

  it('has a budget of its own, which saves no more than a burst', () => {
    const { budget, pass } = budgetOf()
    budget.charge('a', 20_000)
    budget.assertWithin('b')
    budget.charge('b', 1)
    pass(1_000_000)
    budget.charge('b', 10_001)
    assert.throws(() => budget.assertWithin('b'), { status: 429 })
  })

  it('is never refused without a limit', () => {
    const { budget } = budgetOf({ msPerSecond: 0, burstSeconds: 20 })
    budget.charge('a', 1e9)
    budget.assertWithin('a')
    assert.equal(budget.size, 0)
  })
})

describe('a client of several processes', () => {
  const limits = { msPerSecond: 500, burstSeconds: 20 }

  it('has one budget for all that it sends to', () => {
    const all = localPeers(3).map((peers) => new ClientBudget(limits, () => 0, peers))
    for (let request = 0; request < 100; request++) all[request % 3]?.charge('a', 100)
    for (const budget of all) budget.assertWithin('a')
    all[0]?.charge('a', 1)
    for (const budget of all) {
      assert.throws(() => budget.assertWithin('a'), { status: 429, retryAfterSeconds: 1 })
      budget.assertWithin('b')
    }
  })

  it('has spent as much in a process that replaces another', async () => {
    const peers = localPeers(2)
    const [one, heir] = peers.map((peer) => {
      const budget = new ClientBudget(limits, () => 0, peer)
      if (peer.index === 0) budget.charge('a', 9000)
      return budget
    }) as [ClientBudget, ClientBudget]
    one.charge('a', 1000)
    assert.equal(heir.size, 1)
    await peers[1]?.inherited()
    heir.assertWithin('a')
    heir.charge('a', 1)
    assert.throws(() => heir.assertWithin('a'), { status: 429 })
  })

  it('costs no message where there is no limit', () => {
    const [peer] = localPeers(2)
    const tell = (): never => assert.fail('nothing to tell')
    const unlimited = { ...limits, msPerSecond: 0 }
    new ClientBudget(unlimited, () => 0, { ...(peer as Peers), tell }).charge('a', 1)
  })
})

describe('the budget', () => {
  it('tracks a bounded number of clients, those charged last', () => {
    const { budget } = budgetOf()
    budget.charge('first', 20_000)
    budget.charge('busy', 20_000)
    for (let client = 0; client < 60_000; client++) {
      budget.charge(`client-${client}`, 20_000)
      if (client % 1000 === 0) budget.charge('busy', 1)
    }
    assert.equal(budget.size, 50_000)
    budget.assertWithin('first')
    assert.throws(() => budget.assertWithin('busy'), { status: 429 })
  })

  it('measures the CPU time of this thread', () => {
    const before = threadCpuMs()
    // Some kernels count in ticks of several milliseconds.
    while (threadCpuMs() === before) Math.sqrt(before)
    assert.ok(threadCpuMs() > before)
  })
})
