import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventListJson } from './asset-json.ts'

const listOf = (payload: string) =>
  eventListJson({ events: [{ asset_id: 'Ñ"1', payload }], next_cursor: null })

describe('an event as JSON', () => {
  it('is what was sent, no number rounded and no member moved, and whose it is', () => {
    const sent = '"event_type": "a","n":12345678901234567890,"big":1e400,"10":1,"2":{ "b":1.0 }'
    assert.equal(
      listOf(` {${sent}}\n`),
      `{"events":[{${sent},"asset_id":"Ñ\\"1"}],"next_cursor":null}`,
    )
  })

  it('names one asset, whatever it calls so itself', () => {
    for (const own of ['"asset_id":"mine"', '"asset\\u005fid":{"a":[1,2]}']) {
      assert.equal(
        listOf(`{${own},"more":1}`),
        '{"events":[{"asset_id":"Ñ\\"1","more":1}],"next_cursor":null}',
      )
    }
    assert.equal(listOf('{}'), '{"events":[{"asset_id":"Ñ\\"1"}],"next_cursor":null}')
  })
})
