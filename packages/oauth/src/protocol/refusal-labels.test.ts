import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ALL_REFUSAL_LABELS, refusalLabel } from './refusal-labels.ts'

describe('refusalLabel', () => {
  it('is the kind, and nothing that was sent', () => {
    assert.equal(refusalLabel({ kind: 'wrong_secret', client_id: 's3cret' }), 'wrong_secret')
    assert.equal(refusalLabel({ kind: 'malformed_token', detail: 's3cret' }), 'malformed_token')
  })

  it('is distinct for each kind, in the form Prometheus expects', () => {
    assert.equal(new Set(ALL_REFUSAL_LABELS).size, ALL_REFUSAL_LABELS.length)
    for (const label of ALL_REFUSAL_LABELS) assert.match(label, /^[a-z_]+$/)
  })
})
