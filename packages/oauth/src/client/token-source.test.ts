import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { grant, networkFailure, settle, setUp, silence } from './token-source.fixture.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe('a token', () => {
  it('is requested once and returned until shortly before its end', async () => {
    const { source, server, clock } = setUp({ random: () => 1 })
    assert.equal(await source.token(), 't1')
    clock.advance(23 * HOUR)
    assert.equal(await source.token(), 't1')
    assert.equal(server.requests.length, 1)
  })

  it('is requested once, however many callers wait for it', async () => {
    const { source, server } = setUp()
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => source.token()))
    assert.deepEqual(new Set(tokens), new Set(['t1']))
    assert.equal(server.requests.length, 1)
  })

  it('counts from when its request was sent, not from when it arrived', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => {
      clock.advance(9 * SECOND)
      return grant(server.requests.length, { expires_in: 20 })
    }
    await source.token()
    clock.advance(8 * SECOND)
    assert.equal(await source.token(), 't1')
    server.answer = () => grant(2)
    await settle()
    clock.advance(1.1 * SECOND)
    assert.equal(await source.token(), 't2')
  })

  it('expires by the wall clock: the machine slept', async () => {
    const { source, clock } = setUp()
    await source.token()
    clock.sleep(25 * HOUR)
    assert.equal(await source.token(), 't2')
  })

  it('that expired while the machine slept is not returned, but requested again', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => {
      if (server.requests.length === 1) clock.sleep(25 * HOUR)
      return grant(server.requests.length)
    }
    assert.equal(await source.token(), 't2')
    assert.equal(await source.token(), 't2')
  })

  it('that always expires in transit is an error', async () => {
    const { source, server, clock } = setUp()
    await source.token()
    clock.advance(25 * HOUR)
    server.answer = () => {
      clock.advance(3 * SECOND)
      return grant(server.requests.length, { expires_in: 2 })
    }
    await assert.rejects(source.token(), {
      name: 'ServerError',
      message: /expired before it arrived/,
    })
    assert.equal(server.requests.length, 3)
  })

  it('expires by the monotonic clock: the wall clock was set back', async () => {
    const { source, clock } = setUp()
    await source.token()
    clock.advance(25 * HOUR)
    clock.setWall(clock.wallMs() - 24 * HOUR)
    assert.equal(await source.token(), 't2')
  })

  it('is never returned at or after its end, whatever the clocks do', async () => {
    const { source, server, clock } = setUp()
    const begun = new Map<string, readonly [number, number]>()
    server.answer = () => {
      const number = server.requests.length
      begun.set(`t${number}`, [clock.wallMs(), clock.monotonicMs()])
      if (number % 3 === 0) throw networkFailure()
      return grant(number, { expires_in: 600 })
    }
    const moves = [
      () => clock.advance(97 * SECOND),
      () => clock.sleep(211 * SECOND),
      () => clock.setWall(clock.wallMs() - 307 * SECOND),
      () => clock.advance(599 * SECOND),
    ]
    for (let step = 0; step < 400; step++) {
      ;(moves[(step * 7) % 4 === 0 ? step % 4 : (step * 3) % 4] as () => void)()
      const token = await source.token().catch(() => null)
      await settle()
      if (token === null) continue
      const [wall, monotonic] = begun.get(token) as readonly [number, number]
      assert.ok(clock.wallMs() - wall < 600 * SECOND, `step ${step}: ${token} by the wall clock`)
      assert.ok(clock.monotonicMs() - monotonic < 600 * SECOND, `step ${step}: ${token}`)
    }
    assert.ok(server.requests.length > 50)
  })

  for (const expires_in of [undefined, null, 0, -1, '86400', 'soon', {}, true]) {
    it(`is used once and not kept when expires_in is ${JSON.stringify(expires_in)}`, async () => {
      const { source, server, lines } = setUp()
      server.answer = () => grant(server.requests.length, { expires_in })
      assert.deepEqual(await Promise.all([source.token(), source.token()]), ['t1', 't1'])
      assert.equal(await source.token(), 't2')
      assert.match(lines[0] ?? '', /does not state the lifetime/)
    })
  }

  it('with an absurdly long lifetime is kept for a year at most', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => grant(server.requests.length, { expires_in: 1e300 })
    await source.token()
    clock.advance(366 * 24 * HOUR)
    assert.equal(await source.token(), 't2')
  })

  it('with an unusable lifetime does not replace a good one, nor is it requested at each call', async () => {
    const { source, server, clock } = setUp()
    await source.token()
    server.answer = () => grant(server.requests.length, { expires_in: 'x' })
    clock.advance(23.9 * HOUR)
    for (let count = 0; count < 5; count++) {
      assert.equal(await source.token(), 't1')
      await settle()
    }
    assert.equal(server.requests.length, 2)
  })
})

describe('a waiting caller', () => {
  it('may abort, without effect on the others or the request', async () => {
    const { source, server } = setUp()
    const { promise, resolve } = Promise.withResolvers<Response>()
    server.answer = () => promise
    const leaver = new AbortController()
    const left = source.token({ signal: leaver.signal })
    const stayed = source.token()
    leaver.abort(new Error('enough'))
    await assert.rejects(left, /enough/)
    assert.equal(server.requests[0]?.signal.aborted, false)
    resolve(grant(1))
    assert.equal(await stayed, 't1')
    assert.equal(server.requests.length, 1)
  })

  it('may have aborted before, and then sends no request', async () => {
    const { source, server } = setUp()
    await assert.rejects(source.token({ signal: AbortSignal.abort(new Error('gone')) }), /gone/)
    assert.equal(server.requests.length, 0)
    await source.token()
    await assert.rejects(source.token({ signal: AbortSignal.abort(new Error('gone')) }), /gone/)
  })

  it('gets the token though all earlier callers have aborted', async () => {
    const { source, server } = setUp()
    const { promise, resolve } = Promise.withResolvers<Response>()
    server.answer = () => promise
    const controllers = [new AbortController(), new AbortController()]
    const all = controllers.map(({ signal }) => source.token({ signal }))
    for (const controller of controllers) controller.abort()
    assert.equal((await Promise.allSettled(all)).filter((x) => x.status === 'rejected').length, 2)
    resolve(grant(1))
    assert.equal(await source.token(), 't1')
    assert.equal(server.requests.length, 1)
  })

  it('waits no longer than the deadline, and the next call tries again', async () => {
    const { source, server, clock } = setUp({ timeoutMs: 10 * SECOND })
    server.answer = silence
    const waiting = assert.rejects(source.token(), { name: 'TimeoutError', retryable: true })
    await settle()
    clock.advance(10 * SECOND)
    await waiting
    server.answer = () => grant(2)
    assert.equal(await source.token(), 't2')
    assert.equal(clock.timers, 0)
  })

  it('is released at the deadline even when fetch ignores its signal', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => new Promise(() => {})
    const waiting = assert.rejects(source.token(), { code: 'timeout' })
    await settle()
    clock.advance(10 * SECOND)
    await waiting
  })

  it('is released at the deadline when the secret never arrives', async () => {
    const { source, clock } = setUp({ client_secret: () => new Promise(() => {}) })
    const waiting = assert.rejects(source.token(), { code: 'timeout' })
    clock.advance(10 * SECOND)
    await waiting
  })

  it('gets the error like all others, and later callers do not: errors are not kept', async () => {
    const { source, server } = setUp()
    server.answer = () => Promise.reject(networkFailure())
    const waiting = [source.token(), source.token(), source.token()]
    for (const { status } of await Promise.allSettled(waiting)) assert.equal(status, 'rejected')
    assert.equal(server.requests.length, 1)
    server.answer = () => grant(2)
    assert.equal(await source.token(), 't2')
  })
})

describe('forgetting', () => {
  it('drops exactly the token that was refused', async () => {
    const { source, server } = setUp()
    const token = await source.token()
    source.forget('t0')
    assert.equal(await source.token(), token)
    source.forget(token)
    source.forget(token)
    assert.equal(await source.token(), 't2')
    source.forget(token)
    assert.equal(await source.token(), 't2')
    assert.equal(server.requests.length, 2)
  })
})
