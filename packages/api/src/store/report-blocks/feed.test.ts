import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MAX_FEED_LENGTH, payloadLength, takePage } from '../page.ts'
import type { FeedEntry } from '../records.ts'
import type { StoredReport } from './block.ts'
import { FeedMerge } from './feed.ts'

/** The same sequence in each run, evenly from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const GONE = 7
const nameOf = (asset: number) => (asset === GONE ? undefined : `asset-${asset}`)

/** Reports of which each is a row, in a block, or in both. */
function placed(random: () => number) {
  const rows: StoredReport[] = []
  const blocks: StoredReport[][] = [[]]
  const all: number[] = []
  const count = Math.floor(random() * 60)
  const large = random() < 0.3 ? MAX_FEED_LENGTH / 3 : 10
  const [share, size] = [random(), 1 + Math.floor(random() * 12)]
  for (let seq = 1; seq <= count; seq++) {
    const payload = 'x'.repeat(Math.floor(random() * large))
    const asset = Math.floor(random() * 8)
    const report = { seq, asset, timestamp_ms: seq, received_ms: seq, payload }
    const place = random()
    if (place < share || place > 0.95) rows.push(report)
    if (place >= share) (blocks.at(-1) as StoredReport[]).push(report)
    if (blocks.at(-1)?.length === size) blocks.push([])
    if (asset !== GONE) all.push(seq)
  }
  return { rows, blocks: blocks.filter((block) => block.length > 0), all }
}

const entryOf = ({ seq, asset, ...report }: StoredReport): FeedEntry => ({
  ...{ cursor: seq, asset_id: `asset-${asset}` },
  ...report,
})

it('pages of rows and blocks have each report once, in order, up to their limits', () => {
  const random = createRandom(3)
  for (let round = 0; round < 3000; round++) {
    const { rows, blocks, all } = placed(random)
    const limit = 1 + Math.floor(random() * 20)
    const found: number[] = []
    for (let [after, more] = [0, true]; more; ) {
      const from = after
      const entries = rows.filter(({ seq, asset }) => seq > from && asset !== GONE).map(entryOf)
      const page = takePage(entries, limit, payloadLength, MAX_FEED_LENGTH)
      const merge = new FeedMerge(from, limit, page)
      for (let last = merge.nextAfter; last !== null; last = merge.nextAfter) {
        const until = last
        const block = blocks.find((one) => (one.at(-1)?.seq ?? 0) > until)
        if (block === undefined) merge.end()
        else merge.add(block.at(-1)?.seq ?? 0, block, nameOf)
      }
      const merged = merge.page()
      assert.ok(merged.rows.length <= limit)
      assert.ok(merged.until > from || !merged.more)
      const before = merged.rows.slice(0, -1).reduce((sum, one) => sum + payloadLength(one), 0)
      assert.ok(before < MAX_FEED_LENGTH)
      found.push(...merged.rows.map(({ cursor }) => cursor))
      after = merged.until
      more = merged.more
    }
    assert.deepEqual(found, all, `round ${round}`)
  }
})
