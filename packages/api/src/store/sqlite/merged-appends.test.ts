import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { observationOf } from '../conformance/samples.ts'
import { Linger } from '../linger.ts'
import { pack, Sealer } from '../packed.ts'
import type { AppendOutcome, Observation } from '../store.ts'
import { type EncodedBatch, mergeAppends } from './merged-appends.ts'

/** A batch of observations with these asset ids. */
const batchOf = (...ids: string[]): EncodedBatch =>
  ids.map((asset_id) => pack(observationOf({ asset_id })))

/** Records each transaction as the asset ids in it; fails for `bad`, and while `fault` is set. */
function recorded(limits?: { maxItems: number; maxPayload: number }, linger?: Linger) {
  const transactions: string[][] = []
  const state: { fault: Error | null } = { fault: null }
  const appends = mergeAppends(
    (observations: readonly Observation[]): AppendOutcome[] => {
      if (state.fault !== null) throw state.fault
      const ids = observations.map(({ asset_id }) => asset_id)
      if (ids.includes('bad')) throw new Error('cannot be stored')
      transactions.push(ids)
      return ids.map((id) => (id === 'again' ? 'replayed' : 'stored'))
    },
    limits,
    linger,
  )
  return { transactions, state, ...appends }
}

const status = (settled: PromiseSettledResult<unknown>[]) => settled.map((one) => one.status)

describe('merged appends', () => {
  it('writes batches that arrive together in one transaction, with each its outcomes', async () => {
    const { add, transactions } = recorded()
    const outcomes = await Promise.all([
      add(batchOf('a', 'again')),
      add([]),
      add(batchOf('b')),
      add(batchOf('again', 'c', 'd')),
    ])
    assert.deepEqual(transactions, [['a', 'again', 'b', 'again', 'c', 'd']])
    assert.deepEqual(outcomes, [
      ['stored', 'replayed'],
      [],
      ['stored'],
      ['replayed', 'stored', 'stored'],
    ])
  })

  it('counts what sealed pieces hold', async () => {
    const { add, transactions } = recorded({ maxItems: 3, maxPayload: 1e6 })
    const sealer = new Sealer()
    for (const asset_id of ['a', 'b']) sealer.add(observationOf({ asset_id }))
    await Promise.all([add([sealer.pieces()]), add(batchOf('c')), add(batchOf('d'))])
    assert.deepEqual(transactions, [['a', 'b', 'c'], ['d']])
  })

  it('fills a transaction up to its limits, in order, and writes a larger batch alone', async () => {
    const { add, transactions } = recorded({ maxItems: 2, maxPayload: 1e6 })
    const batches = [batchOf('a'), batchOf('b', 'c'), batchOf('d', 'e', 'f'), batchOf('g')]
    await Promise.all(batches.map(add))
    assert.deepEqual(transactions, [['a'], ['b', 'c'], ['d', 'e', 'f'], ['g']])
  })

  it('limits the characters of a transaction', async () => {
    const { add, transactions } = recorded({ maxItems: 100, maxPayload: 25 })
    const long = (asset_id: string) => [pack(observationOf({ asset_id, payload: 'x'.repeat(10) }))]
    await Promise.all(['a', 'b', 'c'].map((id) => add(long(id))))
    assert.deepEqual(transactions, [['a', 'b'], ['c']])
  })

  it('lets others run between two transactions', async () => {
    const { add, transactions } = recorded({ maxItems: 1, maxPayload: 1e6 })
    const both = Promise.all([add(batchOf('a')), add(batchOf('b'))])
    await nextTurn()
    assert.equal(transactions.length, 1)
    await both
  })

  it('waits a moment for the processes whose batches are coming', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { add, transactions } = recorded(undefined, new Linger(() => 0))
    const first = add(batchOf('a'))
    await nextTurn()
    // Comes while the first is written, so two processes have batches.
    const second = add(batchOf('b'))
    await first
    await nextTurn()
    assert.deepEqual(transactions, [['a']])
    await Promise.all([second, add(batchOf('c'))])
    assert.deepEqual(transactions, [['a'], ['b', 'c']])
    // The other sends nothing more.
    const last = add(batchOf('d'))
    await nextTurn()
    t.mock.timers.tick(2)
    await last
    assert.deepEqual(transactions.at(-1), ['d'])
  })

  it('fails only the batch that cannot be stored, or decoded', async () => {
    const { add, transactions } = recorded()
    const settled = await Promise.allSettled([
      add(batchOf('a')),
      add(batchOf('b', 'bad')),
      add(batchOf('c')),
      add([{ count: 1, payload: 0, pieces: [new Uint8Array(3)] }]),
      add(batchOf('d')),
    ])
    const [good, failed] = ['fulfilled', 'rejected']
    assert.deepEqual(status(settled), [good, failed, good, failed, good])
    assert.deepEqual(transactions.flat(), ['a', 'c', 'd'])
  })

  it('fails all when the store is unavailable, without further attempts', async () => {
    const { add, state } = recorded()
    state.fault = new StoreUnavailable('full')
    const settled = await Promise.allSettled([add(batchOf('a')), add(batchOf('b'))])
    assert.deepEqual(status(settled), ['rejected', 'rejected'])
    state.fault = null
    assert.deepEqual(await add(batchOf('c')), ['stored'])
  })

  it('writes at once what waits when it is flushed', async () => {
    const { add, flush, transactions } = recorded({ maxItems: 1, maxPayload: 1e6 })
    const both = Promise.all([add(batchOf('a')), add(batchOf('b'))])
    flush()
    assert.deepEqual(transactions, [['a'], ['b']])
    await both
    await nextTurn()
    assert.deepEqual(transactions, [['a'], ['b']])
  })
})
