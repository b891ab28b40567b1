import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isRequestId } from '@modulariot/platform/http'
import { MAX_JSON_DEPTH } from '@modulariot/platform/json'
import * as limits from '@modulariot/telemetry'

it('the limits that clients are told are those that every server of the platform checks', () => {
  assert.equal(limits.MAX_JSON_DEPTH, MAX_JSON_DEPTH)
  const told = new RegExp(limits.REQUEST_ID_PATTERN)
  for (const text of ['', 'a', 'a b', 'é', '~!', '\x7f', 'a\n', 'x'.repeat(128), 'x'.repeat(129)]) {
    assert.equal(isRequestId(text), told.test(text), JSON.stringify(text))
  }
})
