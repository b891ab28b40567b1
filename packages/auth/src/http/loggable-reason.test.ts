import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loggableReason } from './loggable-reason.ts'

const client_id = `client_${'a1'.repeat(11)}`
const audience = 'https://iot.example/v1/asset/track'

describe('loggableReason', () => {
  it('keeps a well-formed id and audience', () => {
    const reason = { kind: 'audience_not_granted', client_id, audience } as const
    assert.deepEqual(loggableReason(reason), reason)
    assert.deepEqual(loggableReason({ kind: 'no_token' }), { kind: 'no_token' })
  })

  it('does not repeat an id that is not well-formed', () => {
    for (const sent of ['s3cret', `miot_dev_${'x'.repeat(49)}`, `${client_id}x`, '']) {
      const reason = { kind: 'unknown_client', client_id: sent } as const
      assert.deepEqual(loggableReason(reason), {
        kind: 'unknown_client',
        client_id: '[not a client_id]',
      })
    }
  })

  it('does not repeat an audience that is not a plain URL', () => {
    for (const sent of [
      's3cret',
      'https://user:s3cret@x.example',
      `${audience}?s=s3cret`,
      `${audience}#x`,
    ]) {
      const reason = { kind: 'audience_not_granted', client_id, audience: sent } as const
      assert.deepEqual(loggableReason(reason), { ...reason, audience: '[not a URL]' })
    }
  })
})
