import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FailureBudget } from './failure-budget.ts'

const POLICY = { name: 'test', quota: 20, windowSeconds: 60 }
const WINDOW_MS = POLICY.windowSeconds * 1000

/** Gaps between attempts: bursts, pauses, and anything between. */
const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(7000), fc.nat(200_000)), { maxLength: 300 })

describe('a failure budget', () => {
  it('never allows more failures than its quota in any window', () => {
    fc.assert(
      fc.property(gaps, (waits) => {
        const budget = new FailureBudget(POLICY, 10)
        const failedAt: number[] = []
        let now = 1_800_000_000_000
        for (const wait of waits) {
          now += wait
          if (budget.waitMs('key', now) > 0) continue
          budget.fail('key', now)
          failedAt.push(now)
        }
        for (const start of failedAt) {
          const within = failedAt.filter((at) => at >= start && at <= start + WINDOW_MS)
          assert.ok(within.length <= POLICY.quota, `${within.length} failures in a window`)
        }
      }),
    )
  })

  it('makes no key wait that has not failed, whatever other keys do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.nat(100_000))),
        fc.string(),
        (failures, key) => {
          const budget = new FailureBudget(POLICY, 1000)
          for (const [other, at] of failures) if (other !== key) budget.fail(other, at)
          assert.equal(budget.waitMs(key, 0), 0)
        },
      ),
    )
  })

  it('makes no key wait longer than its window when the clock is set back', () => {
    const budget = new FailureBudget(POLICY, 10)
    const now = 1_800_000_000_000
    while (budget.waitMs('key', now) === 0) budget.fail('key', now)
    for (const backMs of [1000, 3_600_000, 365 * 86_400_000]) {
      assert.ok(budget.waitMs('key', now - backMs) <= WINDOW_MS)
      assert.ok(budget.describe('key', now - backMs).resetSeconds <= POLICY.windowSeconds)
    }
  })

  it('returns the exact wait: after it one more is allowed, a millisecond sooner it is not', () => {
    fc.assert(
      fc.property(gaps, (waits) => {
        const budget = new FailureBudget(POLICY, 10)
        let now = 1_800_000_000_000
        for (const wait of waits) {
          now += wait
          budget.fail('key', now)
        }
        const wait = budget.waitMs('key', now)
        assert.equal(budget.waitMs('key', now + wait), 0)
        if (wait > 0) assert.ok(budget.waitMs('key', now + wait - 1) > 0)
      }),
    )
  })

  it('spends half of the quota at once, and never waits for more than one failure to come back', () => {
    const budget = new FailureBudget(POLICY, 10)
    for (let failures = 1; failures <= 10; failures++) {
      assert.equal(budget.waitMs('key', 0), 0)
      budget.fail('key', 0)
    }
    assert.equal(budget.waitMs('key', 0), 6000)
    for (let overdrawn = 0; overdrawn < 100; overdrawn++) budget.fail('key', 0)
    assert.equal(budget.waitMs('key', 0), 6000)
    assert.deepEqual(budget.describe('key', 500), {
      policy: 'test',
      quota: 20,
      windowSeconds: 60,
      remaining: 0,
      resetSeconds: 6,
    })
  })

  it('keeps at most the configured number of keys, the latest ones', () => {
    const budget = new FailureBudget(POLICY, 100)
    for (let key = 0; key < 1000; key++) {
      for (let failures = 0; failures < 10; failures++) budget.fail(`${key}`, 0)
    }
    assert.equal(budget.size, 100)
    assert.ok(budget.waitMs('999', 0) > 0)
  })
})
