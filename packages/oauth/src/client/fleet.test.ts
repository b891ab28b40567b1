/**
 * Many at once, in virtual time: the arithmetic of a fleet that starts together, and sources that
 * must not mix. `fleet-of-sources.test.ts` has the fleet of real token sources.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import { generator } from './seeded-random.fixture.ts'
import { tokenLifetime } from './token-lifetime.ts'
import { TOKEN_ENDPOINT } from './token-source.fixture.ts'
import { TokenSource } from './token-source.ts'

const DEVICES = 100_000
const HOUR = 3600

interface FleetCase {
  readonly expires_in: number
  /** The server's `refresh_in` for a device; ours derives it from the client's id. */
  readonly refresh_in?: (device: number) => number
  readonly cycles: number
}

/**
 * Tokens requested in each hundredth of a lifetime, when all devices got their first in the same
 * second and each requests again as soon as its refresh is due.
 */
function simulate({ expires_in, refresh_in, cycles }: FleetCase): Float64Array {
  const random = generator(42)
  const bins = new Float64Array(cycles * 100)
  for (let device = 0; device < DEVICES; device++) {
    let at = random()
    for (;;) {
      const lifetime = tokenLifetime(expires_in, refresh_in?.(device), random())
      at += (lifetime?.refreshMs ?? 0) / 1000
      const bin = Math.floor((at / expires_in) * 100)
      if (bin >= bins.length) break
      bins[bin] = (bins[bin] as number) + 1
    }
  }
  return bins
}

/** From the first refreshes on, to the end. */
function peakOverMean(bins: Float64Array, fromCycle: number): number {
  const later = bins.subarray(fromCycle * 100)
  const mean = later.reduce((sum, count) => sum + count, 0) / later.length
  return Math.max(...later) / mean
}

/** The window of `refresh-hint.ts` in auth, by a device's position in it. */
const hint = (expires_in: number) => (device: number) =>
  Math.floor(expires_in * (0.6 + 0.35 * generator(device)()))

const CASES: Readonly<Record<string, FleetCase>> = {
  'a day, and the server suggests nothing': { expires_in: 24 * HOUR, cycles: 8 },
  'a day, and each device has a hint of its own': {
    expires_in: 24 * HOUR,
    refresh_in: hint(24 * HOUR),
    cycles: 8,
  },
  'a day, and one client for all, so one hint, early': {
    expires_in: 24 * HOUR,
    refresh_in: () => 0.6 * 24 * HOUR,
    cycles: 8,
  },
  'a day, and one client for all, so one hint, late': {
    expires_in: 24 * HOUR,
    refresh_in: () => 0.95 * 24 * HOUR,
    cycles: 8,
  },
  'an hour, and the server suggests nothing': { expires_in: HOUR, cycles: 8 },
  'five minutes, and the server suggests nothing': { expires_in: 300, cycles: 8 },
}

describe('100,000 devices that boot in the same second', () => {
  for (const [what, fleet] of Object.entries(CASES)) {
    it(`refresh spread out when tokens live ${what}`, () => {
      const bins = simulate(fleet)
      const ratio = peakOverMean(bins, 1)
      assert.ok(ratio <= 2, `peak over mean is ${ratio.toFixed(2)} from the second cycle on`)
      const settled = peakOverMean(bins, 4)
      assert.ok(settled <= 1.2, `and ${settled.toFixed(2)} from the fifth`)
    })
  }

  it('would peak without the spread: this test can fail', () => {
    const bins = new Float64Array(800)
    for (let at = 0.8; at < 8; at += 0.8) bins[Math.floor(at * 100)] = DEVICES
    assert.ok(peakOverMean(bins, 1) > 50)
  })
})

describe('a million calls over mixed tenants, audiences and scopes', () => {
  it('never mix, whatever expires, fails or is refused', async () => {
    const random = generator(7)
    const clock = new VirtualClock()
    let exchanges = 0
    const fetch: typeof globalThis.fetch = async (_, init) => {
      const form = init?.body as URLSearchParams
      const key = ['client_id', 'audience', 'scope'].map((name) => form.get(name)).join('/')
      exchanges++
      if (random() < 0.2) throw new TypeError('fetch failed')
      if (random() < 0.3) await null
      const access_token = `${key.replaceAll(':', '~')}/${exchanges}`
      return new Response(JSON.stringify({ access_token, token_type: 'Bearer', expires_in: 60 }))
    }
    const sources = Array.from({ length: 40 }, (_, index) => {
      const parts = {
        client_id: `client-${index % 5}`,
        audience: `api-${Math.floor(index / 5) % 4}`,
        scope: index < 20 ? 'read' : 'write',
      }
      const source = new TokenSource({
        ...parts,
        token_endpoint: TOKEN_ENDPOINT,
        client_secret: `secret-${index}`,
        fetch,
        clock,
        random,
      })
      return { source, mine: `${Object.values(parts).join('/')}/` }
    })
    let given = 0
    for (let round = 0; round < 1000; round++) {
      const calls = Array.from({ length: 1000 }, async () => {
        const { source, mine } = sources[Math.floor(random() * 40)] as (typeof sources)[number]
        const token = await source.token().catch(() => null)
        if (token === null) return
        given++
        if (!token.startsWith(mine)) assert.fail(`${mine} got ${token}`)
        if (random() < 0.001) source.forget(token)
      })
      await Promise.all(calls)
      clock.advance(random() * 10_000)
    }
    assert.ok(given > 800_000, `${given} tokens`)
    assert.ok(exchanges > 2000 && exchanges < 40_000, `${exchanges} exchanges`)
  })
})
