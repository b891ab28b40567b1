import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pagesOf } from './pages.ts'

async function cursorsRead(next: (cursor: string | null) => string | null) {
  const cursors: (string | null)[] = []
  const read = async (cursor: string | null) => {
    cursors.push(cursor)
    return next(cursor)
  }
  const ended = Array.fromAsync(pagesOf(read, (page) => page)).then(
    () => 'ended',
    (error: Error) => error.message,
  )
  return { outcome: await ended, cursors }
}

describe('pages of a list', () => {
  it('are read in order until the last', async () => {
    const { outcome, cursors } = await cursorsRead((cursor) => (cursor === null ? 'a' : null))
    assert.deepEqual([outcome, cursors], ['ended', [null, 'a']])
  })

  it('fail when the cursor does not change', async () => {
    const { outcome, cursors } = await cursorsRead(() => 'a')
    assert.match(outcome, /does not end/)
    assert.deepEqual(cursors, [null, 'a'])
  })

  it('fail when they do not end', async () => {
    const { outcome, cursors } = await cursorsRead((cursor) =>
      `${cursor}`.length > 1 ? '1' : `${cursor}`.concat('1').slice(-2),
    )
    assert.match(outcome, /does not end/)
    assert.equal(cursors.length, 10_000)
  })
})
