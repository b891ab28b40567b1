import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createId } from '../clients/secret.ts'
import { TOKEN_LIFETIME_BOUNDS } from '../records/audience.ts'
import { refreshInSeconds } from './refresh-hint.ts'

const lifetimes = fc.integer(TOKEN_LIFETIME_BOUNDS)

/**
 * How many of 10,000 ids fall into each tenth of the time between the first and the last refresh.
 */
function tenthsOf(lifetimeSeconds: number, ids: readonly string[]): number[] {
  const hints = ids.map((id) => refreshInSeconds(id, lifetimeSeconds))
  const first = Math.min(...hints)
  const width = (Math.max(...hints) + 1 - first) / 10
  return Array.from(
    { length: 10 },
    (_, tenth) => hints.filter((hint) => Math.floor((hint - first) / width) === tenth).length,
  )
}

describe('refreshInSeconds', () => {
  it('lies within the life of the token, for any client and lifetime', () => {
    fc.assert(
      fc.property(fc.string(), lifetimes, (client_id, lifetime) => {
        const hint = refreshInSeconds(client_id, lifetime)
        assert.ok(Number.isInteger(hint))
        assert.ok(hint >= 1)
        assert.ok(hint < lifetime)
      }),
    )
  })

  it('leaves at least a minute, for any token that lives two', () => {
    const long = fc.integer({ ...TOKEN_LIFETIME_BOUNDS, min: 120 })
    fc.assert(
      fc.property(fc.string(), long, (client_id, lifetime) => {
        assert.ok(lifetime - refreshInSeconds(client_id, lifetime) >= 60)
      }),
    )
  })

  it('is always the same for the same client', () => {
    assert.equal(refreshInSeconds('client_1', 86_400), refreshInSeconds('client_1', 86_400))
  })

  it('uses a token for most of its life: from 60 to 95 % of a day', () => {
    const hints = Array.from({ length: 1000 }, () => refreshInSeconds(createId('client'), 86_400))
    assert.ok(Math.min(...hints) >= 0.6 * 86_400)
    assert.ok(Math.max(...hints) <= 0.95 * 86_400)
    assert.ok(Math.max(...hints) - Math.min(...hints) > 0.3 * 86_400)
  })

  it('spreads a fleet evenly, whether its ids are random or counted', () => {
    const fleets = {
      random: Array.from({ length: 10_000 }, () => createId('client')),
      counted: Array.from({ length: 10_000 }, (_, index) => `client_${index}`),
    }
    for (const [what, ids] of Object.entries(fleets)) {
      for (const lifetime of [86_400, 3600, 900, 300]) {
        for (const count of tenthsOf(lifetime, ids)) {
          assert.ok(count >= 500 && count <= 1500, `${what}, ${lifetime} s: ${count} of 10,000`)
        }
      }
    }
  })

  it('spreads a fleet even where tokens live for two minutes', () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `client_${index}`)
    const seconds = new Set(ids.map((id) => refreshInSeconds(id, 120)))
    assert.ok(seconds.size >= 15, `${seconds.size} different seconds`)
  })
})
