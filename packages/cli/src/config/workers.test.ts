import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { it } from 'node:test'
import { parseWorkers } from './workers.ts'

it('the number of workers is a whole one up to 128, or auto', () => {
  assert.deepEqual(['1', '2', '128'].map(parseWorkers), [1, 2, 128])
  assert.equal(parseWorkers('auto'), Math.min(availableParallelism(), 128))
  for (const wrong of ['0', '-1', '129', '1.5', '1e1', 'all', '', ' 2']) {
    assert.throws(() => parseWorkers(wrong), {
      message: 'must be a whole number from 1 to 128, or auto for one on each core',
    })
  }
})
