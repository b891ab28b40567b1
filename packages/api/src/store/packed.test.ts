import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fixOf, measurementOf, observationOf, occurrenceOf } from './conformance/samples.ts'
import { pack, unpack } from './packed.ts'

it('a packed observation unpacks to an equal one', () => {
  const values = [1, 'text', true, null, ['P0420'], { deep: [{}] }]
  const metrics = values.map((value, sequence) =>
    measurementOf({ value, sequence, unit: 'rpm', source: 'obd2', quality: 'ok' }),
  )
  const events = ['high', null].map((severity) =>
    occurrenceOf({ severity: severity as 'high' | null, payload: '{"a":1}' }),
  )
  const position = fixOf({ altitude: -3, satellites: 0 })
  for (const one of [
    observationOf(),
    observationOf({ item: 7, type: 'truck', position }),
    observationOf({ metrics }),
    observationOf({ events }),
    observationOf({ position, metrics, events }),
  ]) {
    assert.deepEqual(unpack(structuredClone(pack(one))), one)
  }
})
