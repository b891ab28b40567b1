import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from '@modulariot/platform/metrics'
import { MergedMetrics, type MetricsSource } from './merged-metrics.ts'

/** A worker that has counted, and answers when it is asked. */
async function worker(merged: MergedMetrics, index: number, counted: number) {
  const metrics = await createMetrics()
  const issued = metrics.counter({ name: 'issued_total', help: 'x', labels: ['alg'] })
  issued.of({ alg: 'RS256' }).add(counted)
  const times = metrics.histogram({ name: 'seconds', help: 'x', labels: [], buckets: [1] }).of({})
  times.observe(counted)
  for (const combine of ['sum', 'max', 'min', 'first'] as const) {
    metrics.gauge({ name: `gauge_${combine}`, help: 'x', combine, read: () => counted })
  }
  let answers = true
  const source: MetricsSource = {
    index,
    ask: (id) => {
      if (answers) void metrics.values().then((values) => merged.heard(source, id, values))
    },
  }
  merged.add(source)
  return {
    source,
    metrics,
    count: (more: number) => issued.of({ alg: 'RS256' }).add(more),
    hang: () => {
      answers = false
    },
  }
}

async function page(merged: MergedMetrics): Promise<Record<string, number>> {
  const { text } = await merged.page()
  const lines = text.split('\n').filter((line) => /^(issued|seconds|gauge)/.test(line))
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string])) as never
}

describe('the metrics of several workers', () => {
  it('are summed, or combined as each gauge declares', async () => {
    const merged = new MergedMetrics(async () => [])
    await worker(merged, 1, 5)
    await worker(merged, 0, 3)
    assert.deepEqual(await page(merged), {
      'issued_total{alg="RS256"}': '8',
      'seconds_bucket{le="1"}': '0',
      'seconds_bucket{le="+Inf"}': '2',
      seconds_sum: '8',
      seconds_count: '2',
      gauge_sum: '8',
      gauge_max: '5',
      gauge_min: '3',
      gauge_first: '3',
    })
  })

  it('have no quantile that was added up', async () => {
    const merged = new MergedMetrics(async () => [])
    const { metrics } = await worker(merged, 0, 3)
    await worker(merged, 1, 5)
    assert.match((await metrics.page()).text, /quantile=/)
    const { text } = await merged.page()
    assert.doesNotMatch(text, /quantile=/)
    assert.match(text, /^nodejs_eventloop_utilization_histogram_count /m)
  })

  it('keep what a worker counted before its end, and no gauge of it', async () => {
    const merged = new MergedMetrics(async () => [])
    const first = await worker(merged, 0, 3)
    await worker(merged, 1, 5)
    await page(merged)
    first.count(1)
    merged.heard(first.source, null, await first.metrics.values())
    merged.remove(first.source)
    const after = await page(merged)
    assert.equal(after['issued_total{alg="RS256"}'], '9')
    assert.equal(after.seconds_count, '2')
    assert.equal(after.gauge_sum, '5')
    await worker(merged, 0, 10)
    assert.equal((await page(merged))['issued_total{alg="RS256"}'], '19')
  })

  it('have the last values of a worker that does not answer', async (t) => {
    const merged = new MergedMetrics(async () => [])
    const first = await worker(merged, 0, 3)
    const second = await worker(merged, 1, 5)
    await page(merged)
    first.hang()
    second.count(1)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const asked = page(merged)
    t.mock.timers.runAll()
    const values = await asked
    assert.ok(['8', '9'].includes(String(values['issued_total{alg="RS256"}'])))
  })

  it('do not wait for a worker that ends while it is asked', async () => {
    const merged = new MergedMetrics(async () => [])
    const first = await worker(merged, 0, 3)
    await page(merged)
    first.hang()
    const asked = page(merged)
    merged.remove(first.source)
    assert.equal((await asked)['issued_total{alg="RS256"}'], '3')
  })
})
