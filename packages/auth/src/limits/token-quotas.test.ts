import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { OAuthError, type Refusal } from '@modulariot/oauth/protocol'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'
import { TokenQuotas } from './token-quotas.ts'

const HOUR_MS = 3_600_000
let now: number
let exceeded: string[]
let observed: Refusal[]
let quotas: TokenQuotas
let folder: ReturnType<typeof mkdtempDisposableSync>
let store: AuthStore
/** Whether the store is unavailable. */
let away: boolean

beforeEach(() => {
  now = Date.parse('2026-05-01T10:59:00Z')
  exceeded = []
  observed = []
  away = false
  folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  store = openSqliteAuthStore(join(folder.path, 'auth.db'))
  quotas = createQuotas()
})

afterEach(async () => {
  await store.close()
  folder.remove()
})

function createQuotas(): TokenQuotas {
  return new TokenQuotas({
    store: {
      takeQuota: async (asked) => {
        if (away) throw new StoreUnavailable('away')
        return store.takeQuota(asked)
      },
    },
    onExceeded: (client_id) => exceeded.push(client_id),
  })
}

async function take(mode: 'observe' | 'enforce', perHour: number | null, perDay: number | null) {
  const quota = { mode, tokens_per_hour: perHour, tokens_per_day: perDay }
  return quotas.take({ client_id: 'client', quota }, now, (refusal) => observed.push(refusal))
}

describe('a token quota', () => {
  it('refuses what is above it, until the hour ends', async () => {
    assert.deepEqual(await take('enforce', 2, null), [
      { policy: 'tokens-per-hour', quota: 2, windowSeconds: 3600, remaining: 1, resetSeconds: 60 },
    ])
    assert.equal((await take('enforce', 2, null))[0]?.remaining, 0)
    await assert.rejects(
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
    assert.equal((await take('enforce', 2, null))[0]?.remaining, 1)
  })

  it('counts both day and hour, and waits for the longer of the two', async () => {
    await take('enforce', 10, 2)
    now += HOUR_MS
    const [hour, day] = await take('enforce', 10, 2)
    assert.equal(hour?.remaining, 9)
    assert.equal(day?.remaining, 0)
    await assert.rejects(
      () => take('enforce', 10, 2),
      (error) =>
        error instanceof OAuthError &&
        error.reason.kind === 'quota_exceeded' &&
        error.reason.retry_after_seconds === 12 * 3600 + 60,
    )
  })

  it('does not count what it refuses', async () => {
    await take('enforce', 1, 3)
    for (let refused = 0; refused < 10; refused++) await assert.rejects(() => take('enforce', 1, 3))
    now += HOUR_MS
    assert.equal((await take('enforce', 1, 3))[1]?.remaining, 1)
  })

  it('that is only observed refuses nothing, is not sent to the client, and is reported', async () => {
    for (let issued = 0; issued < 3; issued++) assert.deepEqual(await take('observe', 1, null), [])
    assert.equal(exceeded.length, 2)
    assert.deepEqual(
      observed.map(({ kind }) => kind),
      ['quota_exceeded', 'quota_exceeded'],
    )
  })

  it('takes up memory only for clients that have one, and for a bounded number', async () => {
    assert.deepEqual(await take('enforce', null, null), [])
    assert.equal(quotas.size, 0)
    const quota = { mode: 'enforce', tokens_per_hour: 1, tokens_per_day: null } as const
    away = true // Cached counts matter only then.
    for (let made = 0; made < 100_000; made++) {
      await quotas.take({ client_id: `client_${made}`, quota }, now, () => {})
    }
    assert.equal(quotas.size, 50_000)
  })

  it('is one for all instances, and survives them', async () => {
    await take('enforce', 3, null)
    quotas = createQuotas()
    assert.equal((await take('enforce', 3, null))[0]?.remaining, 1)
  })

  it('counts on from the last known count while the store is unavailable', async () => {
    await take('enforce', 3, null)
    away = true
    assert.equal((await take('enforce', 3, null))[0]?.remaining, 1)
    assert.equal((await take('enforce', 3, null))[0]?.remaining, 0)
    await assert.rejects(take('enforce', 3, null))
    assert.deepEqual(exceeded, ['client'])
    away = false
    assert.equal((await take('enforce', 3, null))[0]?.remaining, 1)
  })
})
