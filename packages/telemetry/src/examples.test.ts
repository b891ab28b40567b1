import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ASSET_TRACKING_EXAMPLES } from './examples.ts'
import { validateAssetTrackingData } from './validate.ts'

const nowMs = Date.parse('2025-06-01T00:00:00Z')

describe('the examples', () => {
  for (const [name, { value }] of Object.entries(ASSET_TRACKING_EXAMPLES)) {
    it(`${name} is accepted as it stands, without a warning`, () => {
      const validation = validateAssetTrackingData(value, { nowMs })
      assert.deepEqual(validation, { ok: true, data: value, warnings: {} })
    })
  }
})
