import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics, noMetrics } from './index.ts'

describe('createMetrics', () => {
  it('publishes counters, histograms and gauges as Prometheus reads them', async () => {
    const metrics = await createMetrics()
    const asked = metrics.counter({ name: 'asked_total', help: 'Asked.', labels: ['answer'] })
    const took = metrics.histogram({
      name: 'took_seconds',
      help: 'Took.',
      labels: ['answer'],
      buckets: [0.1, 1],
    })
    let depth = 3
    metrics.gauge({ name: 'depth', help: 'Depth.', read: () => depth })
    metrics.total({ name: 'kept_total', help: 'Kept elsewhere.', read: () => depth * 2 })
    asked.add({ answer: 'yes' })
    asked.add({ answer: 'yes' })
    took.observe({ answer: 'yes' }, 0.5)
    depth = 4
    await metrics.page()
    const { type, text } = await metrics.page()
    assert.match(type, /^text\/plain; version=0\.0\.4/)
    assert.match(text, /^# HELP asked_total Asked\.\n# TYPE asked_total counter$/m)
    assert.match(text, /^asked_total\{answer="yes"\} 2$/m)
    assert.match(text, /^took_seconds_bucket\{le="0\.1",answer="yes"\} 0$/m)
    assert.match(text, /^took_seconds_bucket\{le="1",answer="yes"\} 1$/m)
    assert.match(text, /^took_seconds_count\{answer="yes"\} 1$/m)
    assert.match(text, /^depth 4$/m)
    assert.match(text, /^# TYPE kept_total counter\nkept_total 8$/m)
  })

  it('shows what has not happened yet as 0 where that is asked', async () => {
    const metrics = await createMetrics()
    const zero = [{ answer: 'no' }]
    metrics.counter({ name: 'asked_total', help: 'Asked.', labels: ['answer'], zero })
    assert.match((await metrics.page()).text, /^asked_total\{answer="no"\} 0$/m)
  })

  it('tells memory and event loop delay of the process', async () => {
    const { text } = await (await createMetrics()).page()
    assert.match(text, /^process_resident_memory_bytes [1-9]/m)
    assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
  })
})

describe('noMetrics', () => {
  it('takes everything and keeps nothing', () => {
    const about = { name: 'x', help: 'x', labels: ['a'] as const }
    noMetrics.counter(about).add({ a: '1' })
    noMetrics.histogram({ ...about, buckets: [1] }).observe({ a: '1' }, 1)
    noMetrics.gauge({ name: 'x', help: 'x', read: () => assert.fail() })
    noMetrics.total({ name: 'x', help: 'x', read: () => assert.fail() })
  })
})
