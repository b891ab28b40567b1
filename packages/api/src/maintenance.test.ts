import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startTelemetryMaintenance } from './maintenance.ts'

const HOUR_MS = 3_600_000

describe('the maintenance of telemetry', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  /** Maintenance of a store that notes what it is asked, and fails as told. */
  function started(fail: () => boolean = () => false) {
    const asked: unknown[][] = []
    const errors: unknown[] = []
    const stop = startTelemetryMaintenance({
      store: {
        async maintain(...question) {
          asked.push(question)
          if (fail()) throw new Error('no disk')
          return { removedRows: 0, droppedPartitions: 0 }
        },
      },
      retentionDays: 30,
      now: () => 1234,
      onError: (error) => errors.push(error),
    })
    return { asked, errors, stop }
  }

  async function pass(ms: number): Promise<void> {
    mock.timers.tick(ms)
    await setImmediate()
  }

  it('happens soon after the start, then about once an hour', async () => {
    const { asked, stop } = started()
    assert.equal(asked.length, 0)
    await pass(2000)
    assert.deepEqual(asked, [[1234, 30]])
    await pass(0.79 * HOUR_MS)
    assert.equal(asked.length, 1)
    await pass(0.42 * HOUR_MS)
    assert.equal(asked.length, 2)
    stop()
  })

  it('goes on after a fault, and tells of it', async () => {
    const { asked, errors, stop } = started(() => asked.length === 1)
    await pass(2000)
    assert.equal(errors.length, 1)
    await pass(1.21 * HOUR_MS)
    assert.equal(asked.length, 2)
    assert.equal(errors.length, 1)
    stop()
  })

  it('ends when it is stopped', async () => {
    const { asked, stop } = started()
    stop()
    await pass(10 * HOUR_MS)
    assert.deepEqual(asked, [])
  })
})
