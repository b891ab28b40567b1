import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startTelemetryMaintenance } from './maintenance.ts'

const HOUR_MS = 3_600_000

describe('the maintenance of telemetry', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  /** Maintenance of a store that records calls, and fails when `fail` returns true. */
  function started(fail: () => boolean = () => false) {
    const calls: unknown[][] = []
    const errors: unknown[] = []
    const stop = startTelemetryMaintenance({
      store: {
        async maintain(...args) {
          calls.push(args)
          if (fail()) throw new Error('no disk')
          return { removedRows: 0, droppedPartitions: 0 }
        },
      },
      retentionDays: 30,
      now: () => 1234,
      onError: (error) => errors.push(error),
    })
    return { calls, errors, stop }
  }

  async function pass(ms: number): Promise<void> {
    mock.timers.tick(ms)
    await setImmediate()
  }

  it('runs soon after the start, then about once an hour', async () => {
    const { calls, stop } = started()
    assert.equal(calls.length, 0)
    await pass(2000)
    assert.deepEqual(calls, [[1234, 30]])
    await pass(0.79 * HOUR_MS)
    assert.equal(calls.length, 1)
    await pass(0.42 * HOUR_MS)
    assert.equal(calls.length, 2)
    stop()
  })

  it('continues after an error, and reports it', async () => {
    const { calls, errors, stop } = started(() => calls.length === 1)
    await pass(2000)
    assert.equal(errors.length, 1)
    await pass(1.21 * HOUR_MS)
    assert.equal(calls.length, 2)
    assert.equal(errors.length, 1)
    stop()
  })

  it('does not run once stopped', async () => {
    const { calls, stop } = started()
    stop()
    await pass(10 * HOUR_MS)
    assert.deepEqual(calls, [])
  })
})
