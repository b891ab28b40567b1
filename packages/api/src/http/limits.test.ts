import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isRequestId } from '@modulariot/platform/http'
import { MAX_JSON_DEPTH } from '@modulariot/platform/json'
import * as limits from '@modulariot/telemetry'

it('the published limits are those that the platform enforces', () => {
  assert.equal(limits.MAX_JSON_DEPTH, MAX_JSON_DEPTH)
  const published = new RegExp(limits.REQUEST_ID_PATTERN)
  for (const text of ['', 'a', 'a b', 'é', '~!', '\x7f', 'a\n', 'x'.repeat(128), 'x'.repeat(129)]) {
    assert.equal(isRequestId(text), published.test(text), JSON.stringify(text))
  }
})
