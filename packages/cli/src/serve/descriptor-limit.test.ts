import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CONNECTION_LIMITS } from '@modulariot/platform/connection-limits'
import { parseConfig } from '../config/parse-config.ts'
import { connectionLimits } from './descriptor-limit.ts'

const config = (settings: Record<string, string> = {}) => parseConfig(settings, () => '')

describe('connectionLimits', () => {
  it('are what the settings say', () => {
    const settings = { MIOT_MAX_CONNECTIONS: '500', MIOT_MAX_CONNECTIONS_PER_ADDRESS: '20' }
    assert.deepEqual(connectionLimits(config(settings), 1, 100_000), {
      ...{ max: 500, maxPerAddress: 20 },
      unsentBytes: CONNECTION_LIMITS.unsentBytes,
    })
    const { max, maxPerAddress } = connectionLimits(config(), 1, null)
    assert.deepEqual([max, maxPerAddress], [10_000, 2000])
  })

  it('leave descriptors for the store where the process has few', () => {
    const few = [1024, 100].map((descriptors) => connectionLimits(config(), 1, descriptors))
    assert.deepEqual(
      few.map(({ max, maxPerAddress }) => [max, maxPerAddress]),
      [
        [896, 896],
        [1, 1],
      ],
    )
  })

  it('are shared by equal processes', () => {
    assert.deepEqual(connectionLimits(config({ MIOT_MAX_CONNECTIONS: '1000' }), 3, null), {
      ...{ max: 334, maxPerAddress: 334 },
      unsentBytes: Math.ceil(CONNECTION_LIMITS.unsentBytes / 3),
    })
  })
})
