import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countEach, createMetrics, noMetrics } from './index.ts'

describe('createMetrics', () => {
  it('publishes counters, histograms and gauges as Prometheus reads them', async () => {
    const metrics = await createMetrics()
    const queries = metrics.counter({ name: 'asked_total', help: 'Asked.', labels: ['answer'] })
    const took = metrics.histogram({
      name: 'took_seconds',
      help: 'Took.',
      labels: ['answer'],
      buckets: [0.1, 1],
    })
    let depth = 3
    metrics.gauge({ name: 'depth', help: 'Depth.', combine: 'sum', read: () => depth })
    metrics.total({ name: 'kept_total', help: 'Kept elsewhere.', read: () => depth * 2 })
    const yes = queries.of({ answer: 'yes' })
    yes.add()
    yes.add(2)
    took.of({ answer: 'yes' }).observe(0.5)
    depth = 4
    await metrics.page()
    const { type, text } = await metrics.page()
    assert.match(type, /^text\/plain; version=0\.0\.4/)
    assert.match(text, /^# HELP asked_total Asked\.\n# TYPE asked_total counter$/m)
    assert.match(text, /^asked_total\{answer="yes"\} 3$/m)
    assert.match(text, /^took_seconds_bucket\{le="0\.1",answer="yes"\} 0$/m)
    assert.match(text, /^took_seconds_bucket\{le="1",answer="yes"\} 1$/m)
    assert.match(text, /^took_seconds_count\{answer="yes"\} 1$/m)
    assert.match(text, /^depth 4$/m)
    assert.match(text, /^# TYPE kept_total counter\nkept_total 8$/m)
  })

  it('exports a counter as 0 before its first event', async () => {
    const metrics = await createMetrics()
    const queries = metrics.counter({ name: 'asked_total', help: 'Asked.', labels: ['answer'] })
    const answered = countEach(queries, 'answer', ['yes', 'no'])
    answered('yes').add()
    const { text } = await metrics.page()
    assert.match(text, /^asked_total\{answer="yes"\} 1$/m)
    assert.match(text, /^asked_total\{answer="no"\} 0$/m)
  })

  it('loses no observation, however many arrive between two reads', async () => {
    const metrics = await createMetrics()
    const about = { name: 'took_seconds', help: 'Took.', labels: [], buckets: [1] } as const
    const took = metrics.histogram(about).of({})
    for (let index = 0; index < 1000; index++) took.observe(2)
    for (const count of [1000, 1001]) {
      const { text } = await metrics.page()
      assert.match(text, new RegExp(`^took_seconds_count ${count}$`, 'm'))
      assert.match(text, new RegExp(`^took_seconds_sum ${2 * count}$`, 'm'))
      took.observe(2)
    }
  })

  it('exports the samples that are read at each scrape, and no others', async () => {
    const metrics = await createMetrics()
    let samples = [
      { labels: { part: 'one' }, value: 1 },
      { labels: { part: 'two' }, value: 2 },
    ]
    const about = { name: 'size_bytes', help: 'Size.', labels: ['part'], combine: 'sum' } as const
    metrics.gauges({ ...about, read: async () => samples })
    assert.match(
      (await metrics.page()).text,
      /^size_bytes\{part="one"\} 1\nsize_bytes\{part="two"\} 2$/m,
    )
    samples = [{ labels: { part: 'two' }, value: 3 }]
    const { text } = await metrics.page()
    assert.match(text, /^size_bytes\{part="two"\} 3$/m)
    assert.doesNotMatch(text, /part="one"/)
  })

  it('exports memory and event loop delay of the process', async () => {
    const { text } = await (await createMetrics()).page()
    assert.match(text, /^process_resident_memory_bytes [1-9]/m)
    assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
  })
})

describe('noMetrics', () => {
  it('accepts everything and keeps nothing', () => {
    const about = { name: 'x', help: 'x', labels: ['a'], combine: 'sum' } as const
    noMetrics.counter(about).of({ a: '1' }).add()
    noMetrics
      .histogram({ ...about, buckets: [1] })
      .of({ a: '1' })
      .observe(1)
    noMetrics.gauge({ name: 'x', help: 'x', combine: 'sum', read: () => assert.fail() })
    noMetrics.gauges({ ...about, read: () => assert.fail() })
    noMetrics.total({ name: 'x', help: 'x', read: () => assert.fail() })
  })
})
