import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { METRIC_KEY_PATTERN } from './asset-tracking-data.ts'
import {
  isExtensionKey,
  METRIC_REGISTRY,
  metricDefinition,
  similarMetricKey,
} from './metric-registry.ts'

describe('the metric registry', () => {
  it('has 32 metrics in seven groups', () => {
    const sizes = Object.entries(Object.groupBy(METRIC_REGISTRY, (row) => row.group))
    assert.deepEqual(Object.fromEntries(sizes.map(([group, rows]) => [group, rows?.length])), {
      powertrain: 8,
      fuel: 6,
      motion: 4,
      diagnostics: 4,
      emissions: 4,
      electrical: 3,
      identity: 3,
    })
  })

  it('has unique keys and aliases', () => {
    const names = METRIC_REGISTRY.flatMap(({ key, alias }) => [key, ...(alias ? [alias] : [])])
    assert.equal(new Set(names).size, names.length)
  })

  for (const row of METRIC_REGISTRY) {
    it(`${row.key} has a consistent row`, () => {
      assert.match(row.key, new RegExp(METRIC_KEY_PATTERN))
      assert.equal(isExtensionKey(row.key), false)
      assert.equal(row.unit !== undefined, row.type === 'number', 'only numbers have units')
      assert.equal(row.min !== undefined, row.type === 'number', 'only numbers have ranges')
      if (row.max !== undefined) assert.ok(row.max > (row.min ?? Infinity))
      assert.equal(row.elementPattern !== undefined, row.type === 'array')
      assert.equal(metricDefinition(row.key), row)
    })
  }

  it('resolves lambda to emissions.lambda', () => {
    assert.equal(metricDefinition('lambda'), metricDefinition('emissions.lambda'))
    assert.equal(metricDefinition('lambda')?.key, 'emissions.lambda')
  })

  for (const key of [
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '',
    'engine',
    'x.a',
  ]) {
    it(`has no row for ${JSON.stringify(key)}`, () =>
      assert.equal(metricDefinition(key), undefined))
  }

  it('suggests a canonical key for a misspelled one', () => {
    for (const key of ['Engine.RPM', 'engineRpm', 'engine_rpm', 'engine-rpm']) {
      assert.equal(similarMetricKey(key), 'engine.rpm')
    }
    assert.equal(similarMetricKey('engine.foo'), undefined)
    assert.equal(similarMetricKey('__proto__'), undefined)
  })
})
