import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { grant, json, networkFailure, settle, setUp, silence } from './token-source.fixture.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe('the early refresh', () => {
  it('happens in the background about 20 minutes before the end of a one-day token', async () => {
    const { source, server, clock } = setUp({ random: () => 1 })
    await source.token()
    clock.advance(24 * HOUR - 20 * MINUTE - 1)
    await source.token()
    assert.equal(server.requests.length, 1)
    server.answer = silence
    clock.advance(2)
    assert.equal(await source.token(), 't1', 'no caller waits for it')
    assert.equal(await source.token(), 't1')
    await settle()
    assert.equal(server.requests.length, 2, 'one at a time')
  })

  it('is spread: with another random number it comes hours earlier', async () => {
    const { source, server, clock } = setUp({ random: () => 0 })
    await source.token()
    clock.advance(14 * HOUR)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 2)
    assert.equal(await source.token(), 't2')
  })

  it('follows refresh_in', async () => {
    const { source, server, clock } = setUp()
    server.answer = () => grant(server.requests.length, { expires_in: 3600, refresh_in: 600 })
    await source.token()
    clock.advance(0.6 * 600 * SECOND)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 1)
    clock.advance(0.4 * 600 * SECOND)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 2)
  })

  for (const refresh_in of [0, -5, '600', null, 3600, 4000]) {
    it(`ignores a refresh_in of ${JSON.stringify(refresh_in)}`, async () => {
      const { source, server, clock } = setUp()
      server.answer = () => grant(server.requests.length, { expires_in: 3600, refresh_in })
      await source.token()
      clock.advance(0.4 * HOUR)
      await source.token()
      await settle()
      assert.equal(server.requests.length, 1)
      clock.advance(0.5 * HOUR)
      await source.token()
      await settle()
      assert.equal(server.requests.length, 2)
    })
  }

  it('that fails leaves the token in use and is not retried for about a minute', async () => {
    const { source, server, clock, events } = setUp()
    await source.token()
    server.answer = () => Promise.reject(networkFailure())
    clock.advance(23.8 * HOUR)
    for (let count = 0; count < 100; count++) {
      assert.equal(await source.token(), 't1')
      await settle()
    }
    assert.equal(server.requests.length, 2)
    clock.advance(44 * SECOND)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 2)
    clock.advance(32 * SECOND)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 3)
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['obtained', 'refresh_failed', 'refresh_failed'],
    )
  })

  it('that fails for an hour takes effect only when the token has ended', async () => {
    const { source, server, clock } = setUp()
    await source.token()
    server.answer = () => json({ error: 'temporarily_unavailable' }, 503)
    clock.advance(23 * HOUR)
    for (let minute = 0; minute < 59; minute++) {
      assert.equal(await source.token(), 't1')
      await settle()
      clock.advance(MINUTE)
    }
    assert.ok(server.requests.length > 50)
    clock.advance(MINUTE)
    await assert.rejects(source.token(), { name: 'ServerError', status: 503 })
    server.answer = () => grant(99)
    assert.equal(await source.token(), 't99')
  })

  it('waits as long as Retry-After says, even beyond a minute', async () => {
    const { source, server, clock } = setUp()
    await source.token()
    server.answer = () => json({ error: 'x' }, 429, { 'retry-after': '300' })
    clock.advance(23.5 * HOUR)
    await source.token()
    await settle()
    server.answer = () => grant(3)
    clock.advance(299 * SECOND)
    assert.equal(await source.token(), 't1')
    await settle()
    assert.equal(server.requests.length, 2)
    clock.advance(80 * SECOND)
    await source.token()
    await settle()
    assert.equal(await source.token(), 't3')
  })

  for (const value of ['0', '-5', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
    it(`with a Retry-After of now (${value}) is not retried at each call`, async () => {
      const { source, server, clock } = setUp()
      await source.token()
      server.answer = () => json({ error: 'x' }, 503, { 'retry-after': value })
      clock.advance(23.9 * HOUR)
      for (let count = 0; count < 100; count++) {
        assert.equal(await source.token(), 't1')
        await settle()
      }
      assert.equal(server.requests.length, 2)
      clock.advance(2 * MINUTE)
      await source.token()
      await settle()
      assert.equal(server.requests.length, 3)
    })
  }

  it('counts the date of Retry-After from the server’s Date, whatever our clock says', async () => {
    const { source, server, clock } = setUp()
    await source.token()
    server.answer = () => {
      const date = 'Wed, 01 Jan 2020 00:00:00 GMT'
      return json({ error: 'x' }, 503, { date, 'retry-after': 'Wed, 01 Jan 2020 00:10:00 GMT' })
    }
    clock.advance(23 * HOUR)
    await source.token()
    await settle()
    clock.advance(10 * MINUTE - 1)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 2)
    clock.advance(2.5 * MINUTE)
    await source.token()
    await settle()
    assert.equal(server.requests.length, 3)
  })

  it('that fails causes no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listener)
    try {
      const { source, server, clock } = setUp()
      await source.token()
      server.answer = () => Promise.reject(networkFailure())
      clock.advance(23.9 * HOUR)
      await source.token()
      await settle()
      clock.advance(HOUR)
      const controller = new AbortController()
      const left = source.token({ signal: controller.signal })
      controller.abort()
      await assert.rejects(left)
      await settle()
      await settle()
    } finally {
      process.off('unhandledRejection', listener)
    }
    assert.deepEqual(unhandled, [])
  })

  it('that is still in progress at the end is waited for, not duplicated', async () => {
    const { source, server, clock } = setUp({ timeoutMs: 2 * HOUR })
    await source.token()
    const { promise, resolve } = Promise.withResolvers<Response>()
    server.answer = () => promise
    clock.advance(23.9 * HOUR)
    await source.token()
    clock.advance(HOUR)
    const waiting = source.token()
    resolve(grant(2))
    assert.equal(await waiting, 't2')
    assert.equal(server.requests.length, 2)
  })
})
