import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ASSET_TRACKING_EXAMPLES } from './examples.ts'
import { parseAssetTrackingData } from './parse-asset-tracking-data.ts'

const nowMs = Date.parse('2025-06-01T00:00:00Z')

describe('the examples', () => {
  for (const [name, { value }] of Object.entries(ASSET_TRACKING_EXAMPLES)) {
    it(`${name} is accepted without a warning`, () => {
      const validation = parseAssetTrackingData(value, { nowMs })
      assert.ok(validation.ok)
      assert.equal(validation.report.data, value)
      assert.deepEqual(validation.warnings, {})
    })
  }
})
