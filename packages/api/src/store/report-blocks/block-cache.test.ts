import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Block, blocksOf } from './block.ts'
import { BlockCache } from './block-cache.ts'

const ONE = { org_id: 'org_1', environment: 'production' } as const

function blockOf(seqs: readonly number[], payload = 'x'): Block {
  const [block] = blocksOf(
    seqs.map((seq) => ({ seq, asset: 1, timestamp_ms: 5, received_ms: 6, payload })),
  )
  return block as Block
}

describe('the cache of blocks', () => {
  it('finds a block of its tenant, unless other reports are in it now', () => {
    const cache = new BlockCache()
    const block = blockOf([1, 2, 3])
    assert.equal(cache.find(ONE, block), undefined)
    const reports = cache.add(ONE, block)
    assert.equal(reports.length, 3)
    assert.equal(cache.find(ONE, blockOf([1, 2, 3])), reports)
    assert.equal(cache.find(ONE, blockOf([1, 3])), undefined)
    for (const other of [
      { ...ONE, org_id: 'org_2' },
      { ...ONE, environment: 'development' },
    ]) {
      assert.equal(cache.find(other as typeof ONE, block), undefined)
    }
    cache.add(ONE, blockOf([1, 3]))
    assert.equal(cache.find(ONE, block), undefined)
  })

  it('keeps the sixteen that were used last', () => {
    const cache = new BlockCache()
    const blocks = Array.from({ length: 17 }, (_, index) => blockOf([index + 1]))
    const [first, second, ...others] = blocks as [Block, Block, ...Block[]]
    for (const block of [first, second, ...others.slice(0, 14)]) cache.add(ONE, block)
    assert.ok(cache.find(ONE, first))
    cache.add(ONE, others[14] as Block)
    assert.equal(cache.find(ONE, second), undefined)
    for (const block of [first, ...others]) assert.ok(cache.find(ONE, block))
  })
})
