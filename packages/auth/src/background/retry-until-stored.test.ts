import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { retryUntilStored } from './retry-until-stored.ts'

/** Work that fails with each of `failures` in turn, on a mocked clock. */
function setUp(mock: { enable(options: { apis: ['setTimeout'] }): void }, failures: unknown[]) {
  mock.enable({ apis: ['setTimeout'] })
  const seen = { runs: 0, errors: [] as unknown[] }
  const work = retryUntilStored(
    async () => {
      seen.runs++
      const error = failures.shift()
      if (error !== undefined) throw error
    },
    (error) => seen.errors.push(error),
  )
  return { seen, work }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('retryUntilStored', () => {
  it('retries every second until the store answers, then stops', async (test) => {
    const away = new StoreUnavailable('away')
    const { seen, work } = setUp(test.mock.timers, [away, away])
    work.start()
    for (let second = 0; second < 5; second++) {
      await settle()
      test.mock.timers.tick(1000)
    }
    assert.deepEqual(seen, { runs: 3, errors: [away, away] })
  })

  it('does not retry other errors', async (test) => {
    const { seen, work } = setUp(test.mock.timers, [new Error('broken')])
    work.start()
    await settle()
    test.mock.timers.tick(10_000)
    await settle()
    assert.equal(seen.runs, 1)
  })

  it('does not retry after it was stopped', async (test) => {
    const { seen, work } = setUp(test.mock.timers, [new StoreUnavailable('away')])
    work.start()
    work.stop()
    await settle()
    test.mock.timers.tick(10_000)
    await settle()
    assert.equal(seen.runs, 1)
  })
})
