import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { TokenQuotas } from './token-quotas.ts'

const HOUR_MS = 3_600_000
let now: number
let exceeded: string[]
let observed: Refusal[]
let quotas: TokenQuotas

beforeEach(() => {
  now = Date.parse('2026-05-01T10:59:00Z')
  exceeded = []
  observed = []
  quotas = new TokenQuotas({ now: () => now, onExceeded: (client_id) => exceeded.push(client_id) })
})

function take(mode: 'observe' | 'enforce', perHour: number | null, perDay: number | null) {
  const quota = { mode, tokens_per_hour: perHour, tokens_per_day: perDay }
  return quotas.take({ client_id: 'client', quota }, (refusal) => observed.push(refusal))
}

describe('a token quota', () => {
  it('refuses what is above it, until the hour ends', () => {
    assert.deepEqual(take('enforce', 2, null), [
      { policy: 'tokens-per-hour', quota: 2, windowSeconds: 3600, remaining: 1, resetSeconds: 60 },
    ])
    assert.equal(take('enforce', 2, null)[0]?.remaining, 0)
    assert.throws(
      () => take('enforce', 2, null),
      (error) => {
        assert.ok(error instanceof OAuthError && error.reason.kind === 'quota_exceeded')
        assert.equal(error.status, 429)
        assert.equal(error.reason.retry_after_seconds, 60)
        return true
      },
    )
    assert.deepEqual(exceeded, ['client'])
    now += 60_000
    assert.equal(take('enforce', 2, null)[0]?.remaining, 1)
  })

  it('counts the day beside the hour, and waits for the longer of the two', () => {
    take('enforce', 10, 2)
    now += HOUR_MS
    const [hour, day] = take('enforce', 10, 2)
    assert.equal(hour?.remaining, 9)
    assert.equal(day?.remaining, 0)
    assert.throws(
      () => take('enforce', 10, 2),
      (error) =>
        error instanceof OAuthError &&
        error.reason.kind === 'quota_exceeded' &&
        error.reason.retry_after_seconds === 12 * 3600 + 60,
    )
  })

  it('does not count what it refuses', () => {
    take('enforce', 1, 3)
    for (let refused = 0; refused < 10; refused++) assert.throws(() => take('enforce', 1, 3))
    now += HOUR_MS
    assert.equal(take('enforce', 1, 3)[1]?.remaining, 1)
  })

  it('that is only observed refuses nothing, tells the client nothing, and is reported', () => {
    for (let issued = 0; issued < 3; issued++) assert.deepEqual(take('observe', 1, null), [])
    assert.equal(exceeded.length, 2)
    assert.deepEqual(
      observed.map(({ kind }) => kind),
      ['quota_exceeded', 'quota_exceeded'],
    )
  })

  it('takes up room only for clients that have one, and for so many', () => {
    assert.deepEqual(take('enforce', null, null), [])
    assert.equal(quotas.size, 0)
    const quota = { mode: 'enforce', tokens_per_hour: 1, tokens_per_day: null } as const
    for (let made = 0; made < 100_000; made++) {
      quotas.take({ client_id: `client_${made}`, quota }, () => {})
    }
    assert.equal(quotas.size, 50_000)
  })
})
