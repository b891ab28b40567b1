import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { createCharts } from './charts.ts'

const STAYS = new AbortController().signal

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve } = Promise.withResolvers<string>()
  const state = { begun: false }
  const run = (): Promise<string> => {
    state.begun = true
    return promise
  }
  return { state, run, end: () => resolve('done') }
}

describe('createCharts', () => {
  it('lets so many run at once, the others in order', async () => {
    const { inTurn } = createCharts({ atOnce: 2, waiting: 5 })
    const works = [work(), work(), work(), work()]
    const results = works.map(({ run }) => inTurn(run, STAYS))
    const begun = async () => {
      await turnOfTheLoop()
      return works.filter(({ state }) => state.begun).length
    }
    assert.equal(await begun(), 2)
    works[0]?.end()
    assert.equal(await begun(), 3)
    for (const { end } of works) end()
    assert.deepEqual(await Promise.all(results), ['done', 'done', 'done', 'done'])
  })

  it('refuses at once what would wait too long', async () => {
    const { inTurn } = createCharts({ atOnce: 1, waiting: 1 })
    const [first, second] = [work(), work()]
    const results = [inTurn(first.run, STAYS), inTurn(second.run, STAYS)]
    await assert.rejects(inTurn(work().run, STAYS), { status: 429 })
    first.end()
    second.end()
    await Promise.all(results)
  })

  it('does no work for whoever has left, and goes on after what failed', async () => {
    const { inTurn } = createCharts({ atOnce: 1, waiting: 5 })
    const leaving = new AbortController()
    const [first, left, last] = [work(), work(), work()]
    const running = inTurn(first.run, STAYS)
    const waiting = inTurn(left.run, leaving.signal)
    const failing = inTurn(() => Promise.reject(new Error('broken')), STAYS)
    const behind = inTurn(last.run, STAYS)
    leaving.abort()
    const outcomes = Promise.allSettled([running, waiting, failing, behind])
    first.end()
    last.end()
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    )
    assert.equal(left.state.begun, false)
  })
})
