import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFaults, echo, MAX_SHOWN_FAULTS, MORE_FAULTS_KEY, renderPath } from './faults.ts'

describe('renderPath', () => {
  it('separates names with dots, puts indexes in brackets and renders the root as body', () => {
    assert.equal(renderPath(['gps', 'latitude']), 'gps.latitude')
    assert.equal(renderPath(['metrics', 'items', 0, 'v', 3]), 'metrics.items[0].v[3]')
    assert.equal(renderPath(['asset_id']), 'asset_id')
    assert.equal(renderPath([]), 'body')
  })
})

describe('faults', () => {
  it('keeps the first of several faults at one path', () => {
    const faults = createFaults()
    faults.add(['a'], () => 'first')
    faults.add(['a'], () => 'second')
    assert.deepEqual(faults.toRecord(), { a: 'first' })
  })

  it('shows fifty, and counts the others under the last key', () => {
    const faults = createFaults()
    for (let index = 0; index < MAX_SHOWN_FAULTS; index += 1) faults.add(['a', index], () => 'x')
    assert.equal(Object.keys(faults.toRecord()).length, MAX_SHOWN_FAULTS)
    faults.add(['b'], () => 'x')
    faults.add(['c'], () => 'x')
    const record = faults.toRecord()
    assert.equal(Object.keys(record).at(-1), MORE_FAULTS_KEY)
    assert.equal(record[MORE_FAULTS_KEY], '2 more not shown')
    assert.equal(Object.keys(record).length, MAX_SHOWN_FAULTS + 1)
  })

  it('does not build the messages of hidden faults', () => {
    const faults = createFaults(1)
    faults.add(['a'], () => 'x')
    faults.add(['b'], () => assert.fail('the message was built'))
  })

  it('keeps a path named __proto__ as an own key', () => {
    const faults = createFaults()
    faults.add(['__proto__'], () => 'x')
    const record = faults.toRecord()
    assert.equal(JSON.stringify(record), '{"__proto__":"x"}')
    assert.equal(Object.getPrototypeOf(record), Object.prototype)
  })
})

describe('echo', () => {
  it('escapes a short text, and replaces one of more than 64 characters', () => {
    assert.equal(echo('a"\n', 'it'), '"a\\"\\n"')
    assert.equal(echo('a'.repeat(64), 'it'), `"${'a'.repeat(64)}"`)
    assert.equal(echo('a'.repeat(65), 'it'), 'it')
  })
})
