import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../config/parse-config.ts'
import { connectionLimits } from './descriptor-limit.ts'

const config = (settings: Record<string, string> = {}) => parseConfig(settings, () => '')

describe('connectionLimits', () => {
  it('are what the settings say', () => {
    const settings = { MIOT_MAX_CONNECTIONS: '500', MIOT_MAX_CONNECTIONS_PER_ADDRESS: '20' }
    assert.deepEqual(connectionLimits(config(settings), 100_000), { max: 500, maxPerAddress: 20 })
    assert.deepEqual(connectionLimits(config(), null), { max: 10_000, maxPerAddress: 2000 })
  })

  it('leave descriptors for the store where the process has few', () => {
    assert.deepEqual(connectionLimits(config(), 1024), { max: 896, maxPerAddress: 896 })
    assert.deepEqual(connectionLimits(config(), 100), { max: 1, maxPerAddress: 1 })
  })
})
