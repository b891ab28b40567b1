import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createLatencies } from './latencies.ts'

it('latencies are known to within 5 %', () => {
  const latencies = createLatencies()
  assert.equal(latencies.quantile(0.5), 0)
  for (let ms = 1; ms <= 1000; ms++) latencies.add(ms)
  for (const [share, exact] of [
    [0.5, 500],
    [0.99, 990],
    [1, 1000],
  ] as const) {
    const found = latencies.quantile(share)
    assert.ok(found >= exact && found <= exact * 1.05, `${share}: ${found}`)
  }
  latencies.add(0)
  assert.ok(latencies.quantile(0.0001) <= 0.05)
})
