import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventJson } from './asset-json.ts'

const written = (payload: string) => eventJson({ asset_id: 'Ñ"1', payload })

describe('an event as JSON', () => {
  it('is what was sent, with numbers and order unchanged, plus its asset_id', () => {
    const sent = '"event_type": "a","n":12345678901234567890,"big":1e400,"10":1,"2":{ "b":1.0 }'
    assert.equal(written(` {${sent}}\n`), `{${sent},"asset_id":"Ñ\\"1"}`)
  })

  it('has one asset_id, whatever members it was sent with', () => {
    for (const own of ['"asset_id":"mine"', '"asset\\u005fid":{"a":[1,2]}']) {
      assert.equal(written(`{${own},"more":1}`), '{"asset_id":"Ñ\\"1","more":1}')
    }
    assert.equal(written('{}'), '{"asset_id":"Ñ\\"1"}')
  })
})
