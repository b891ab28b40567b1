import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindTotals, stacked, stepsOf } from './steps.ts'

const HOUR_MS = 3_600_000
/** Midnight where the test runs. */
const MIDNIGHT = new Date(2026, 10, 2).getTime()

function hour(index: number, tokens: number, refusals: Record<string, number> = {}) {
  const start = new Date(MIDNIGHT + index * HOUR_MS).toISOString()
  return { start, tokens, tokens_early: 1, refusals }
}

describe('the steps of a chart', () => {
  it('are hours of the reader’s day', () => {
    const hours = [hour(5, 1, { a: 1 }), hour(6, 2, { a: 2, b: 1 }), hour(11, 4, { b: 5 })]
    assert.deepEqual(stepsOf(hours, 6), [
      { start: MIDNIGHT, tokens: 1, early: 1, refusals: { a: 1 } },
      { start: MIDNIGHT + 6 * HOUR_MS, tokens: 6, early: 2, refusals: { a: 2, b: 6 } },
    ])
    assert.deepEqual(
      stepsOf(hours, 24).map(({ start, tokens }) => [start, tokens]),
      [[MIDNIGHT, 7]],
    )
    assert.equal(stepsOf(hours, null).length, 3)
  })

  it('have kinds with totals, the most frequent first', () => {
    const steps = stepsOf([hour(0, 0, { b: 1, a: 1 }), hour(1, 0, { c: 3, a: 0 })], null)
    assert.deepEqual(kindTotals(steps), [
      ['c', 3],
      ['a', 1],
      ['b', 1],
    ])
  })

  it('stack', () => {
    assert.deepEqual(
      stacked([
        [1, 2],
        [3, 0],
        [1, 1],
      ]),
      [
        [1, 2],
        [4, 2],
        [5, 3],
      ],
    )
  })
})
