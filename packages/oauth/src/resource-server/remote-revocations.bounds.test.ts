/** A compromised or broken feed: how much memory it can use, and what still holds. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import {
  RemoteRevocations,
  type RemoteRevocationsOptions,
  type RevocationsEvent,
} from './remote-revocations.ts'

const FAIL_OPEN_MS = 60_000
const FAR = 4_000_000_000
const token = (jti: string) => ({ jti, client_id: 'c', iat: 100, kid: 'k' })
const entry = (jti: string, expires = FAR) => ({ kind: 'token', jti, expires })

interface Page {
  readonly revocations: readonly unknown[]
  readonly cursor: string
  readonly more: boolean
}

/** A follower of a feed that answers the nth request with `page(n)`, until it is silent. */
async function setUp(
  page: (question: number) => Page,
  options: Partial<RemoteRevocationsOptions> = {},
) {
  const clock = new VirtualClock()
  const events: RevocationsEvent[] = []
  const feed = { questions: 0 }
  const fetch: typeof globalThis.fetch = async () => Response.json(page(feed.questions++))
  const follower = new RemoteRevocations({
    feed_uri: 'https://auth.example/oauth2/revocations',
    tokens: { token: async () => 't', forget: () => {} },
    failOpenForMs: FAIL_OPEN_MS,
    fetch,
    clock,
    random: () => 0,
    onEvent: (event) => events.push(event),
    ...options,
  })
  void follower.start()
  const silent = async () => {
    const before = events.length
    while (events.slice(before).every(({ kind }) => kind !== 'silent')) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    return events.at(-1) as Extract<RevocationsEvent, { kind: 'silent' }>
  }
  return { follower, clock, events, feed, silent }
}

describe('a feed without end', () => {
  const endless = (question: number): Page => ({
    revocations: Array.from({ length: 100 }, (_, index) => entry(`${question}-${index}`)),
    cursor: `c${question}`,
    more: true,
  })

  it('uses no more than maxEntries', async () => {
    const { follower, silent } = await setUp(endless, { maxEntries: 250 })
    const { reason } = await silent()
    assert.match(reason, /more than 250 entries/)
    assert.equal(follower.size, 250)
    follower.close()
  })

  it('closes the API after failOpenForMs, and the error names the reason', async () => {
    const { follower, clock, silent } = await setUp(endless, { maxEntries: 250 })
    await silent()
    assert.equal(follower.isRevoked(token('0-0')), true)
    assert.equal(follower.isRevoked(token('other')), false)
    clock.advance(FAIL_OPEN_MS + 1)
    assert.throws(() => follower.isRevoked(token('0-0')), {
      status: 503,
      error_description: 'Whether the token was revoked is temporarily unknown',
      message: /more than 250 entries/,
    })
    follower.close()
  })

  it('is read a thousand pages at a time, with growing pauses', async () => {
    const empty = (question: number): Page => ({
      revocations: [],
      cursor: `${question}`,
      more: true,
    })
    const { follower, clock, feed, silent } = await setUp(empty)
    const first = await silent()
    assert.match(first.reason, /does not end/)
    assert.equal(feed.questions, 1000)
    const next = silent()
    clock.advance(first.next_try_in_ms)
    assert.ok((await next).next_try_in_ms > first.next_try_in_ms)
    assert.equal(feed.questions, 2000)
    clock.advance(FAIL_OPEN_MS + 1)
    assert.throws(() => follower.isRevoked(token('j')), { message: /does not end/ })
    follower.close()
  })

  it('that repeats itself holds each entry once', async () => {
    const same = (question: number): Page => ({
      revocations: [entry('a'), entry('a'), entry('b')],
      cursor: `${question % 2}`,
      more: true,
    })
    const { follower, silent } = await setUp(same, { maxEntries: 2 })
    assert.match((await silent()).reason, /does not end/)
    assert.equal(follower.size, 2)
    follower.close()
  })
})

describe('a full list', () => {
  it('has room for new entries once old ones have expired', async () => {
    const soon = 1_767_225_600 + 10
    const pages: Page[] = [
      { revocations: [entry('a', soon), entry('b', soon)], cursor: '1', more: false },
      { revocations: [entry('c')], cursor: '2', more: false },
    ]
    const { follower, clock, silent } = await setUp((n) => pages[Math.min(n, 1)] as Page, {
      maxEntries: 2,
    })
    assert.match((await silent()).reason, /more than 2 entries/)
    const knows = (jti: string) => {
      try {
        return follower.isRevoked(token(jti))
      } catch {
        return false
      }
    }
    for (let steps = 0; !knows('c') && steps < 100; steps++) {
      // Expired entries are kept for another hour, in case the clock is set back.
      clock.advance(120_000)
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal(follower.isRevoked(token('c')), true)
    follower.close()
  })
})

describe('an entry', () => {
  for (const [why, wrong] of Object.entries({
    'a jti of 256 KiB': entry('x'.repeat(1 << 18)),
    'a client_id of 256 KiB': {
      ...{ kind: 'client', client_id: 'x'.repeat(1 << 18) },
      ...{ issued_until: 1, expires: FAR },
    },
    'a kid of 256 KiB': { kind: 'key', kid: 'x'.repeat(1 << 18), expires: FAR },
    'an expiry that is not a time': { kind: 'token', jti: 'a', expires: '2030' },
  })) {
    it(`with ${why} is an error of the feed, and is not kept`, async () => {
      const { follower, silent } = await setUp(() => ({
        revocations: [wrong],
        cursor: 'c',
        more: false,
      }))
      assert.match((await silent()).reason, /cannot be read/)
      assert.equal(follower.size, 0)
      follower.close()
    })
  }

  it('may have an absurd expiry: it counts like any other', async () => {
    const { follower, silent } = await setUp(
      () => ({ revocations: [entry('a', 1e300), entry('b', -1e300)], cursor: 'c', more: true }),
      { maxEntries: 10 },
    )
    await silent()
    assert.equal(follower.isRevoked(token('a')), true)
    follower.close()
  })

  it('is not dropped earlier when it comes again with an earlier expiry', async () => {
    const pages = [
      { revocations: [entry('a', FAR)], cursor: '1', more: true },
      { revocations: [entry('a', 1)], cursor: '2', more: false },
    ]
    const { follower, events } = await setUp((n) => pages[Math.min(n, 1)] as Page)
    while (events.length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(follower.isRevoked(token('a')), true)
    follower.close()
  })
})

describe('a cursor', () => {
  it('of 256 KiB is not sent back', async () => {
    const { follower, silent } = await setUp(() => ({
      revocations: [],
      cursor: 'x'.repeat(1 << 18),
      more: false,
    }))
    assert.match((await silent()).reason, /not a page/)
    follower.close()
  })
})
