import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { type ErrorLog, RepeatedFailures, repeatedFailuresOf } from './repeated-failures.ts'

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
afterEach(() => mock.timers.reset())

function recorded() {
  const lines: Record<string, unknown>[] = []
  const log: ErrorLog = { error: (members, msg) => void lines.push({ ...members, msg }) }
  return { lines, log, failures: new RepeatedFailures(log) }
}

describe('RepeatedFailures', () => {
  it('logs the first one whole, then one line a minute with the number, until there are none', () => {
    const { lines, log, failures } = recorded()
    const error = new Error('disk full')
    for (let index = 0; index < 5766; index++) {
      failures.failed(log, error, 'failed', { status: 503 })
    }
    assert.deepEqual(lines, [{ status: 503, err: error, msg: 'failed' }])
    mock.timers.tick(60_000)
    const err = { type: 'Error', message: 'disk full' }
    assert.deepEqual(lines[1], { err, times: 5765, seconds: 60, msg: 'failed' })
    failures.failed(log, error, 'failed')
    mock.timers.tick(60_000)
    assert.deepEqual(lines[2], { err, times: 1, seconds: 60, msg: 'failed' })
    mock.timers.tick(60_000)
    assert.equal(lines.length, 3)
    failures.failed(log, error, 'failed')
    assert.equal(lines[3]?.err, error)
  })

  it('counts each message apart, up to a bound', () => {
    const { lines, log, failures } = recorded()
    for (let index = 0; index < 1000; index++) {
      failures.failed(log, new Error(`no answer within ${index} ms`), 'failed')
    }
    assert.equal(lines.length, 101)
  })

  it('is the same for all that write to one logger', () => {
    const { log } = recorded()
    assert.equal(repeatedFailuresOf(log), repeatedFailuresOf(log))
    assert.notEqual(repeatedFailuresOf(log), repeatedFailuresOf(recorded().log))
  })
})
