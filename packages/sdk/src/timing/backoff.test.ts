import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backoffMs } from './backoff.ts'

const LIMITS = { baseMs: 1000, maxMs: 60_000 }

describe('backoffMs', () => {
  it('doubles up to the limit, and spreads over its upper half', () => {
    assert.deepEqual(
      [1, 2, 3, 20].map((failures) => backoffMs(failures, null, LIMITS, 1)),
      [...[1000, 2000, 4000, 60_000]],
    )
    assert.deepEqual(
      [1, 2, 3, 20].map((failures) => backoffMs(failures, null, LIMITS, 0)),
      [...[500, 1000, 2000, 30_000]],
    )
  })

  it('is never sooner than Retry-After, and spreads after it', () => {
    assert.equal(backoffMs(1, 120, LIMITS, 0), 120_000)
    assert.equal(backoffMs(1, 120, LIMITS, 1), 150_000)
    assert.equal(backoffMs(5, 1, LIMITS, 1), 16_000)
  })

  it('stays finite after a year of failures', () => {
    assert.equal(backoffMs(100_000, null, LIMITS, 1), 60_000)
  })
})
