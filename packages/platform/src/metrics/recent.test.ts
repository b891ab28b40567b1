import assert from 'node:assert/strict'
import { it } from 'node:test'
import { recent } from './recent.ts'

it('values are read once in their time, however often they are asked for', async () => {
  let at = 0
  let reads = 0
  const values = recent(async () => [++reads], { maxAgeMs: 1000, now: () => at })
  assert.deepEqual(await Promise.all([values(), values()]), [[1], [1]])
  at = 999
  assert.deepEqual(await values(), [1])
  at = 1000
  assert.deepEqual(await values(), [2])
})

it('a failed read leaves no value, and is not repeated at once', async () => {
  let at = 0
  let reads = 0
  const read = async (): Promise<number[]> => {
    if (++reads === 2) throw new Error('the store is unavailable')
    return [reads]
  }
  const values = recent(read, { maxAgeMs: 1000, now: () => at })
  assert.deepEqual(await values(), [1])
  at = 1000
  assert.deepEqual(await values(), [])
  at = 1999
  assert.deepEqual([await values(), reads], [[], 2])
  at = 2000
  assert.deepEqual(await values(), [3])
})

it('a read that hangs holds up a scrape for a moment only, and is not started again', async () => {
  let at = 0
  let reads = 0
  const { promise, resolve } = Promise.withResolvers<number[]>()
  const read = () => {
    reads++
    return promise
  }
  const values = recent(read, { maxAgeMs: 1000, waitMs: 1, now: () => at })
  assert.deepEqual(await values(), [])
  at = 5000
  assert.deepEqual([await values(), reads], [[], 1])
  resolve([7])
  await promise
  assert.deepEqual(await values(), [7])
})
