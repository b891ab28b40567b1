import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createCharts } from './charts.ts'

it('a process computes two charts at a time, and one where there are several processes', async () => {
  for (const [processes, atATime] of [
    [1, 2],
    [2, 1],
    [8, 1],
  ] as const) {
    const charts = createCharts(processes)
    const ends: (() => void)[] = []
    const chart = () => new Promise<void>((resolve) => ends.push(resolve))
    const all = Array.from({ length: 3 }, () =>
      charts.run({ org_id: 'org_1', environment: 'production' }, null, chart),
    )
    await setImmediate()
    assert.equal(ends.length, atATime)
    for (let ended = 0; ended < all.length; ended++) {
      ends[ended]?.()
      await setImmediate()
    }
    await Promise.all(all)
  }
})
