import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pageJson } from './page-json.ts'

async function written(page: object, write: (row: unknown) => string = JSON.stringify) {
  let slices = 0
  const text = await pageJson(page, write, async () => {
    slices++
  })
  return { text, slices }
}

describe('a page as JSON', () => {
  it('equals JSON.stringify, written in slices of rows', async () => {
    for (const [length, slices] of [
      [0, 1],
      [1, 1],
      [100, 1],
      [101, 2],
      [1000, 10],
    ] as const) {
      const rows = Array.from({ length }, (_, index) => ({ index, text: '"é' }))
      const page = { asset_id: 'Ñ"', rows, next_cursor: null }
      assert.deepEqual(await written(page), { text: JSON.stringify(page), slices })
    }
  })

  it('ends a slice after a long row', async () => {
    const rows = ['a', 'b'.repeat(70_000), 'c', 'd'.repeat(70_000), 'e']
    assert.deepEqual(await written({ rows }), { text: JSON.stringify({ rows }), slices: 3 })
  })

  it('serializes rows with the given function', async () => {
    assert.equal((await written({ rows: [1, 2] }, (row) => `<${row}>`)).text, '{"rows":[<1>,<2>]}')
  })
})
