/**
 * Token sources that start in the same second, in virtual time; each is the real object a device
 * uses.
 *
 * For its test, which runs it in a worker.
 */

import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import { generator } from './seeded-random.fixture.ts'
import { TOKEN_ENDPOINT } from './token-source.fixture.ts'
import { TokenSource } from './token-source.ts'

const CYCLES = 3
/** Bins of a lifetime in which requests are counted. */
export const BINS_A_CYCLE = 20
/** Groups of devices that call one after the other within a bin, so that no bin hides a burst. */
const GROUPS = 50
const LIFETIME_SECONDS = 86_400

export interface FleetCase {
  readonly devices: number
  /** Whether the server sends `refresh_in`. */
  readonly hinted: boolean
  /** False: every source draws the same random number, so nothing spreads them. */
  readonly spread: boolean
}

/** Requests at the token endpoint: in the second of the start, then in each bin. */
export interface FleetRun {
  readonly boot: number
  readonly bins: Float64Array
}

/** The window of `refresh-hint.ts` in auth, by the device's position in it. */
const hint = (device: number) => Math.floor(LIFETIME_SECONDS * (0.6 + 0.35 * generator(device)()))

export async function runFleet({ devices, hinted, spread }: FleetCase): Promise<FleetRun> {
  const clock = new VirtualClock()
  const random = spread ? generator(42) : () => 0.5
  const bins = new Float64Array(CYCLES * BINS_A_CYCLE)
  let boot = 0
  let bin = -1
  const sourceOf = (device: number) => {
    const answer = { token_type: 'Bearer', expires_in: LIFETIME_SECONDS }
    const refresh_in = hinted ? hint(device) : undefined
    const text = JSON.stringify({ ...answer, access_token: `t${device}`, refresh_in })
    const fetch: typeof globalThis.fetch = async () => {
      if (bin < 0) boot++
      else bins[bin] = (bins[bin] as number) + 1
      return new Response(text)
    }
    const parts = { client_id: `client-${device}`, client_secret: 's', audience: 'https://api' }
    return new TokenSource({ token_endpoint: TOKEN_ENDPOINT, ...parts, fetch, clock, random })
  }
  const sources = Array.from({ length: devices }, (_, device) => sourceOf(device))
  /** Requests a token for every device of the group; waits for background refreshes to finish. */
  async function requestTokens(group: number): Promise<void> {
    for (let device = group; device < devices; device += GROUPS) void sources[device]?.token()
    // An exchange in progress has a timer.
    do await new Promise((resolve) => setImmediate(resolve))
    while (clock.timers > 0)
  }
  for (let group = 0; group < GROUPS; group++) await requestTokens(group)
  for (bin = 0; bin < bins.length; bin++) {
    for (let group = 0; group < GROUPS; group++) {
      clock.advance((LIFETIME_SECONDS * 1000) / BINS_A_CYCLE / GROUPS)
      await requestTokens(group)
    }
  }
  return { boot, bins }
}
