import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Revocation } from '../protocol/index.ts'
import { VirtualClock } from '../transport/virtual-clock.fixture.ts'
import {
  RemoteRevocations,
  type RemoteRevocationsOptions,
  type RevocationsEvent,
} from './remote-revocations.ts'

const SECOND = 1000
const FAIL_OPEN_MS = 60 * SECOND
const token = { jti: 'j1', client_id: 'c1', iat: 100, kid: 'k1' }
const DEAD: Revocation = { kind: 'token', jti: 'j1', expires: 4_000_000_000 }
const DEAD_KEY: Revocation = { kind: 'key', kid: 'k1', expires: 4_000_000_000 }
const TOO_LONG = { status: 503, reason: { kind: 'unavailable', detail: 'revocations' } }

interface Poll {
  readonly since: string | null
  readonly wait: number
  readonly token: string
  answer(revocations?: readonly unknown[], cursor?: string, more?: boolean): Promise<void>
  send(response: Response): Promise<void>
  fail(): Promise<void>
  readonly signal: AbortSignal
}

/** Runs everything that can proceed without time passing. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve))
}

/** A follower, and a feed whose answers the test provides. */
async function setUp(options: Partial<RemoteRevocationsOptions> = {}) {
  const clock = new VirtualClock()
  const polls: Poll[] = []
  const events: RevocationsEvent[] = []
  const tokens = {
    current: 1,
    async token() {
      return `t${this.current}`
    },
    forget(text: string) {
      if (text === `t${this.current}`) this.current++
    },
  }
  const fetch: typeof globalThis.fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const url = new URL(String(input))
      const signal = init?.signal as AbortSignal
      signal.addEventListener('abort', () => reject(signal.reason))
      const send = (response: Response) => {
        resolve(response)
        return settle()
      }
      polls.push({
        since: url.searchParams.get('since'),
        wait: Number(url.searchParams.get('wait')),
        token: new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? '',
        signal,
        send,
        answer: (revocations = [], cursor = 'c', more = false) =>
          send(Response.json({ revocations, cursor, more })),
        fail() {
          reject(new TypeError('fetch failed'))
          return settle()
        },
      })
    })
  const follower = new RemoteRevocations({
    feed_uri: 'https://auth.example/oauth2/revocations',
    tokens,
    failOpenForMs: FAIL_OPEN_MS,
    fetch,
    clock,
    random: () => 0,
    onEvent: (event) => events.push(event),
    ...options,
  })
  let ready = false
  void follower.start().then(() => {
    ready = true
  })
  await settle()
  const last = (): Poll => polls.at(-1) as Poll
  const pass = (ms: number) => {
    clock.advance(ms)
    return settle()
  }
  return { follower, clock, polls, last, pass, events, tokens, isReady: () => ready }
}

describe('following the feed', () => {
  it('reads everything at once, page by page, and is then ready', async () => {
    const { follower, polls, last, isReady } = await setUp()
    assert.deepEqual([last().since, last().wait, last().token], [null, 0, 't1'])
    await last().answer([DEAD], 'c1', true)
    assert.equal(isReady(), false)
    assert.deepEqual([last().since, last().wait], ['c1', 0])
    await last().answer([DEAD_KEY], 'c2')
    assert.equal(isReady(), true)
    assert.deepEqual([last().since, last().wait], ['c2', 30])
    assert.equal(polls.length, 3)
    assert.equal(follower.isRevoked(token), true)
    assert.equal(follower.size, 2)
    follower.close()
  })

  it('reads on after a page of unknown kinds', async () => {
    const { follower, polls, last, isReady } = await setUp()
    await last().answer([{ kind: 'planet', name: 'x' }], 'c1', true)
    assert.equal(isReady(), false)
    assert.deepEqual([last().since, last().wait], ['c1', 0])
    await last().answer([DEAD], 'c2')
    assert.equal(isReady(), true)
    assert.equal(follower.isRevoked(token), true)
    assert.equal(polls.length, 3)
    follower.close()
  })

  it('does not mistake a feed that makes no progress for one read to its end', async () => {
    const { follower, last, pass, isReady, events } = await setUp()
    await last().answer([DEAD], 'c1', true)
    await last().answer([], 'c1', true)
    assert.equal(isReady(), false)
    assert.equal(events.at(-1)?.kind, 'silent')
    await pass(FAIL_OPEN_MS + 1)
    assert.throws(() => follower.isRevoked({ ...token, jti: 'j2' }), TOO_LONG)
    follower.close()
  })

  it('polls again as soon as a poll has ended without news', async () => {
    const { polls, last, pass } = await setUp()
    await last().answer()
    await pass(30 * SECOND)
    await last().answer()
    assert.equal(polls.length, 3)
  })

  it('revokes a token as soon as the feed names it', async () => {
    const { follower, last, pass } = await setUp()
    await last().answer()
    assert.equal(follower.isRevoked(token), false)
    await pass(3 * SECOND)
    await last().answer([DEAD], 'c1')
    assert.equal(follower.isRevoked(token), true)
    await pass(100)
    assert.equal(last().since, 'c1')
  })

  it('reports a revoked key, so that the keys are fetched again', async () => {
    const { follower, last } = await setUp()
    let calls = 0
    follower.onKeyRevoked(() => calls++)
    await last().answer([DEAD])
    assert.equal(calls, 0)
    await last().answer([DEAD_KEY])
    assert.equal(calls, 1)
  })

  it('does not spin when the server always answers at once', async () => {
    const { polls, last, pass } = await setUp()
    await last().answer()
    await last().answer()
    await last().answer()
    assert.equal(polls.length, 2, 'rests after an early answer without news')
    await pass(SECOND)
    assert.equal(polls.length, 3)
    await last().answer([DEAD])
    await pass(99)
    assert.equal(polls.length, 3, 'and a little after one with news')
    await pass(1)
    assert.equal(polls.length, 4)
  })

  it('reads everything again each hour, and never undoes a revocation', async () => {
    const { follower, polls, last, pass } = await setUp()
    await last().answer([DEAD], 'c1')
    for (let minute = 0; minute < 61; minute++) {
      await pass(30 * SECOND)
      await last().answer([], 'c1')
      await pass(30 * SECOND)
      await last().answer([], 'c1')
    }
    assert.equal(polls.filter(({ since }) => since === null).length, 2)
    assert.equal(follower.isRevoked(token), true)
  })

  it('drops an entry an hour after its tokens have expired', async () => {
    const { follower, clock, last, pass } = await setUp()
    const expires = Math.floor(clock.wallMs() / 1000) + 60
    await last().answer([{ ...DEAD, expires }])
    await pass(30 * SECOND)
    await last().answer()
    assert.equal(follower.size, 1)
    for (let count = 0; count < 125; count++) {
      await pass(30 * SECOND)
      await last().answer()
    }
    assert.equal(follower.size, 0)
  })

  it('stops when it is closed', async () => {
    const { follower, polls, last, pass } = await setUp()
    await last().answer()
    const poll = last()
    follower.close()
    await settle()
    assert.equal(poll.signal.aborted, true)
    await pass(300 * SECOND)
    assert.equal(polls.length, 2)
  })
})

describe('a feed that is silent', () => {
  it('leaves known revocations in force, for failOpenForMs and no longer', async () => {
    const { follower, last, pass, clock } = await setUp()
    await last().answer([DEAD])
    await last().fail()
    await pass(FAIL_OPEN_MS)
    assert.equal(follower.isRevoked({ ...token, jti: 'j2' }), false)
    assert.equal(follower.isRevoked(token), true)
    clock.advance(1)
    assert.throws(() => follower.isRevoked({ ...token, jti: 'j2' }), TOO_LONG)
    assert.throws(() => follower.isRevoked(token), TOO_LONG)
  })

  it('from the start refuses every token, until the first answer', async () => {
    const { follower, last, pass } = await setUp()
    await last().fail()
    await pass(FAIL_OPEN_MS + 1)
    assert.throws(() => follower.isRevoked(token), TOO_LONG)
    await settle()
    await last().answer()
    assert.equal(follower.isRevoked(token), false)
  })

  it('is polled less and less often, up to every quarter of the time', async () => {
    const { polls, last, pass, events } = await setUp()
    const waits: number[] = []
    for (let count = 0; count < 9; count++) {
      await last().fail()
      const event = events.at(-1)
      assert.ok(event?.kind === 'silent')
      waits.push(event.next_try_in_ms)
      await pass(event.next_try_in_ms - 1)
      assert.equal(polls.length, count + 1)
      await pass(1)
    }
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000])
  })

  it('is polled without waiting once it answers again', async () => {
    const { last, pass } = await setUp()
    await last().answer()
    await last().fail()
    await pass(SECOND)
    assert.equal(last().wait, 0)
    await last().answer()
    assert.equal(last().wait, 30)
  })

  it('is not waited for much longer than the requested wait', async () => {
    const { last, pass, events } = await setUp()
    await last().answer()
    await pass(35 * SECOND)
    assert.deepEqual(events.at(-1), {
      kind: 'silent',
      reason: 'no answer in time',
      next_try_in_ms: 500,
    })
  })

  it('is polled again at once after the machine slept, not after the dead connection', async () => {
    const { follower, clock, polls, last } = await setUp()
    await last().answer()
    const dead = last()
    clock.sleep(3600 * SECOND)
    assert.throws(() => follower.isRevoked(token), TOO_LONG)
    assert.throws(() => follower.isRevoked(token), TOO_LONG)
    await settle()
    assert.equal(dead.signal.aborted, true)
    assert.equal(polls.length, 3)
    assert.equal(last().wait, 0)
    await last().answer()
    assert.equal(follower.isRevoked(token), false)
  })

  it('counts from its request when the machine slept', async () => {
    const { follower, clock, last } = await setUp()
    await last().answer()
    clock.sleep(3600 * SECOND)
    await last().answer()
    assert.throws(() => follower.isRevoked(token), TOO_LONG)
  })
})

describe('a feed that refuses', () => {
  it('the token gets another one at once, and only then a pause', async () => {
    const { polls, last, pass } = await setUp()
    const refuse = () => last().send(new Response(null, { status: 401 }))
    await refuse()
    assert.equal(last().token, 't2')
    assert.equal(polls.length, 2)
    await refuse()
    assert.equal(polls.length, 2)
    await pass(SECOND)
    assert.equal(last().token, 't3')
    await last().answer()
    assert.equal(last().wait, 30)
  })

  it('may send Retry-After', async () => {
    const { polls, last, pass } = await setUp()
    await last().send(new Response(null, { status: 429, headers: { 'retry-after': '20' } }))
    await pass(19 * SECOND)
    assert.equal(polls.length, 1)
    await pass(SECOND)
    assert.equal(polls.length, 2)
  })

  it('the cursor is read again from its start', async () => {
    const { follower, last, pass } = await setUp()
    await last().answer([DEAD], 'c9')
    assert.equal(last().since, 'c9')
    await last().send(new Response(null, { status: 400 }))
    await pass(SECOND)
    assert.equal(last().since, null)
    await last().answer()
    assert.equal(follower.isRevoked(token), true)
  })

  const answers: Readonly<Record<string, () => Response>> = {
    'a redirect': () => new Response(null, { status: 302, headers: { location: '/' } }),
    'a login page': () => new Response('<html>'),
    'half a page': () => new Response('{"revocations":[{"kind":"tok'),
    'no cursor': () => Response.json({ revocations: [], more: false }),
    'entries that are not a list': () =>
      Response.json({ revocations: {}, cursor: 'c', more: false }),
    'a member twice': () =>
      new Response('{"revocations":[],"revocations":[],"cursor":"c","more":false}'),
    'an entry without its name': () =>
      Response.json({
        revocations: [{ kind: 'token', expires: 4e9 }],
        cursor: 'c',
        more: false,
      }),
    'an entry that is not an object': () =>
      Response.json({ revocations: [7], cursor: 'c', more: false }),
    'an entry without a kind': () =>
      Response.json({ revocations: [{ expires: 1 }], cursor: 'c', more: false }),
    'more than 512 KiB': () =>
      new Response(`{"revocations":[],"cursor":"c","more":false${' '.repeat(512 * 1024)}}`),
  }
  for (const [what, answer] of Object.entries(answers)) {
    it(`by ${what} has not answered`, async () => {
      const { follower, last, pass, isReady, events } = await setUp()
      await last().send(answer())
      assert.equal(isReady(), false)
      assert.equal(events.at(-1)?.kind, 'silent')
      await pass(FAIL_OPEN_MS + 1)
      assert.throws(() => follower.isRevoked(token), TOO_LONG)
    })
  }

  it('nothing, but has unknown kinds, is trusted in the rest', async () => {
    const { follower, last } = await setUp()
    await last().answer([{ kind: 'planet', name: 'x' }, { kind: '__proto__' }, DEAD])
    assert.equal(follower.isRevoked(token), true)
    assert.equal(follower.size, 1)
  })

  it('never reveals its token', async () => {
    const failing = { token: async () => assert.fail('secret-token'), forget() {} }
    const { events } = await setUp({ tokens: failing })
    assert.doesNotMatch(JSON.stringify(events), /secret-token/)
  })
})

describe('invalid options', () => {
  const tokens = { token: async () => 't', forget() {} }

  it('are reported at once', () => {
    const feed_uri = 'https://auth.example/oauth2/revocations'
    for (const failOpenForMs of [0, 4999, Number.NaN]) {
      const make = () => new RemoteRevocations({ feed_uri, tokens, failOpenForMs })
      assert.throws(make, /failOpenForMs must be at least 5000/)
    }
    assert.throws(
      () => new RemoteRevocations({ feed_uri: 'http://auth.example/', tokens, failOpenForMs: 9e9 }),
      /must be https/,
    )
  })

  it('include no short failOpenForMs: polls are shorter then', async () => {
    const { last } = await setUp({ failOpenForMs: 5 * SECOND })
    await last().answer()
    assert.equal(last().wait, 2)
  })
})
