import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { OpenStreams } from './open-streams.ts'

const TENANT = { org_id: 'acme', environment: 'production', client_id: 'one' } as const

describe('OpenStreams', () => {
  it('ends a stream that is opened after all have ended, and keeps no place for it', () => {
    const streams = new OpenStreams()
    const early = streams.open(TENANT)
    streams.endAll()
    const late = streams.open(TENANT)
    for (const { signal } of [early, late]) assert.equal(signal.reason, 'shutdown')
    assert.equal(streams.size, 0)
  })
})
