import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { systemClock } from '../transport/clock.ts'
import { RemoteJwks, type RemoteJwksOptions } from './remote-jwks.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const MAX_BYTES = 256 * 1024
const UNAVAILABLE = {
  error: 'temporarily_unavailable',
  status: 503,
  reason: { kind: 'unavailable', detail: 'jwks' },
}

async function makeKey(kid: string): Promise<JWK> {
  return { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid, alg: 'ES256' }
}

const [k1, k2] = await Promise.all([makeKey('k1'), makeKey('k2')])

function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), { status })
}

/** A RemoteJwks with a server whose answers, and a clock whose time, the test controls. */
function setUp(options: Partial<RemoteJwksOptions> = {}) {
  const clock = {
    ms: 0,
    /** How far the wall clock has advanced beyond the other: the machine slept. */
    sleptMs: 0,
    monotonicMs: () => clock.ms,
    wallMs: () => clock.ms + clock.sleptMs,
    after: systemClock.after,
  }
  const server = {
    requests: [] as { url: string; init: RequestInit | undefined }[],
    answer: async (_init?: RequestInit): Promise<Response> => json({ keys: [k1] }),
  }
  const jwks = new RemoteJwks({
    jwks_uri: 'https://auth.example/.well-known/jwks.json',
    fetch: (url, init) => {
      server.requests.push({ url: String(url), init })
      return server.answer(init)
    },
    clock,
    ...options,
  })
  const find = (kid: string) => jwks.find({ alg: 'ES256', kid })
  /** A thousand tokens with made-up kids, no two alike, arriving together. */
  const findMadeUp = () =>
    Promise.all(Array.from({ length: 1000 }, (_, index) => find(`x${index}`)))
  return { clock, server, jwks, find, findMadeUp }
}

/** A server that accepts the request and never answers. */
function silence(): Promise<Response> {
  return new Promise(() => {})
}

function down(): Promise<Response> {
  return Promise.reject(new TypeError('fetch failed'))
}

/** Waits for a fetch in the background to finish. */
function settle(): Promise<void> {
  return setTimeout(2)
}

describe('loading the keys', () => {
  it('requests the given address, follows no redirect and has a timeout', async () => {
    const { server, find } = setUp()
    assert.notEqual(await find('k1'), null)
    const [request] = server.requests
    assert.equal(request?.url, 'https://auth.example/.well-known/jwks.json')
    assert.equal(request.init?.redirect, 'manual')
    assert.ok(request.init.signal instanceof AbortSignal)
  })

  it('happens once for a thousand requests that arrive together', async () => {
    const { server, find } = setUp()
    const slow = Promise.withResolvers<Response>()
    server.answer = () => slow.promise
    const finds = Promise.all(Array.from({ length: 1000 }, () => find('k1')))
    slow.resolve(json({ keys: [k1] }))
    assert.ok((await finds).every((key) => key !== null))
    assert.equal(server.requests.length, 1)
  })

  it('happens once for as many requests as come before the keys grow old', async () => {
    const { server, clock, find } = setUp()
    for (clock.ms = 0; clock.ms <= 10 * MINUTE; clock.ms += MINUTE) await find('k1')
    await settle()
    assert.equal(server.requests.length, 1)
  })

  it('gives up after the timeout', async () => {
    const { server, find } = setUp({ timeoutMs: 10 })
    server.answer = (init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    await Promise.all([assert.rejects(find('k1'), UNAVAILABLE), setTimeout(50)])
  })

  const useless: readonly (readonly [why: string, answer: () => Promise<Response>])[] = [
    ['no connection', down],
    ['an error that is not a promise', () => assert.fail('thrown at once')],
    ['404, even with keys in it', async () => json({ keys: [k1] }, 404)],
    ['500, even with keys in it', async () => json({ keys: [k1] }, 500)],
    ['201, even with keys in it', async () => json({ keys: [k1] }, 201)],
    ['no body', async () => new Response(null)],
    ['text that is not JSON', async () => new Response('<html>')],
    ['JSON cut short', async () => new Response('{"keys":[')],
    ['an array', async () => json([k1])],
    ['null', async () => json(null)],
    ['a key instead of a set', async () => json(k1)],
    ['a set without keys', async () => json({ keys: [] })],
    ['a set of keys for something else', async () => json({ keys: [{ ...k1, use: 'enc' }] })],
    ['a member twice', async () => new Response(`{"keys":[],"keys":[${JSON.stringify(k1)}]}`)],
    ['a redirect', async () => json({ keys: [k1] }, 302)],
    ['keys that are not an array', async () => json({ keys: { k1 } })],
  ]
  for (const [why, answer] of useless) {
    it(`answers 503 to ${why}, at most once a second, and recovers after that`, async () => {
      const { server, clock, find } = setUp()
      const good = server.answer
      server.answer = answer
      await assert.rejects(find('k1'), UNAVAILABLE)
      server.answer = good
      clock.ms = SECOND - 1
      await assert.rejects(find('k1'), UNAVAILABLE)
      assert.equal(server.requests.length, 1)
      clock.ms = SECOND
      assert.notEqual(await find('k1'), null)
      assert.equal(server.requests.length, 2)
    })

    it(`keeps the keys it has when a later answer is ${why}`, async () => {
      const { server, clock, find } = setUp()
      await find('k1')
      server.answer = answer
      clock.ms = 11 * MINUTE
      await find('k1')
      await settle()
      assert.equal(server.requests.length, 2)
      assert.notEqual(await find('k1'), null)
    })
  }

  it('lets go of the body of an answer it does not read', async () => {
    const { server, find } = setUp()
    let cancelled = false
    const body = new ReadableStream({
      cancel() {
        cancelled = true
      },
    })
    server.answer = async () => new Response(body, { status: 500 })
    await assert.rejects(find('k1'), UNAVAILABLE)
    assert.ok(cancelled)
  })

  it('accepts a document of 256 KiB and none larger', async () => {
    const empty = JSON.stringify({ keys: [k1], pad: '' }).length
    for (const [bytes, fits] of [
      [MAX_BYTES, true],
      [MAX_BYTES + 1, false],
    ] as const) {
      const { server, find } = setUp()
      server.answer = async () => json({ keys: [k1], pad: 'x'.repeat(bytes - empty) })
      if (fits) assert.notEqual(await find('k1'), null)
      else await assert.rejects(find('k1'), UNAVAILABLE)
    }
  })

  it('stops reading an endless document', async () => {
    const { server, find } = setUp()
    let sent = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024
        controller.enqueue(new Uint8Array(1024).fill(0x20))
      },
      cancel() {
        cancelled = true
      },
    })
    server.answer = async () => new Response(endless)
    await assert.rejects(find('k1'), UNAVAILABLE)
    assert.ok(cancelled)
    assert.ok(sent < MAX_BYTES + 8 * 1024, `read ${sent} bytes`)
  })
})

describe('an unpublished kid', () => {
  it('finds nothing, with one fetch when there were no keys yet', async () => {
    const { server, findMadeUp } = setUp()
    assert.ok((await findMadeUp()).every((key) => key === null))
    assert.equal(server.requests.length, 1)
  })

  it('causes one fetch per cooldown, even a thousand times, and no request waits after it', async () => {
    const { server, clock, findMadeUp } = setUp()
    await findMadeUp()
    for (let round = 1; round <= 5; round++) {
      clock.ms = round * 30 * SECOND - 1
      server.answer = silence
      await findMadeUp()
      assert.equal(server.requests.length, round, 'within the cooldown')
      clock.ms = round * 30 * SECOND
      server.answer = async () => json({ keys: [k1] })
      assert.ok((await findMadeUp()).every((key) => key === null))
      assert.equal(server.requests.length, round + 1, 'after the cooldown')
    }
  })

  it('causes one fetch per cooldown while the server is down, too', async () => {
    const { server, clock, find, findMadeUp } = setUp()
    await find('k1')
    server.answer = down
    clock.ms = MINUTE
    await findMadeUp()
    await findMadeUp()
    assert.equal(server.requests.length, 2)
    assert.notEqual(await find('k1'), null)
  })

  it('does not make tokens with a known kid wait for its fetch', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    clock.ms = MINUTE
    server.answer = silence
    void find('x')
    assert.notEqual(await find('k1'), null)
    assert.equal(server.requests.length, 2)
  })

  it('with an alg its key is not for causes one fetch per cooldown as well', async () => {
    const { server, jwks } = setUp()
    for (let count = 0; count < 10; count++) {
      assert.equal(await jwks.find({ alg: 'RS256', kid: 'k1' }), null)
    }
    assert.equal(server.requests.length, 1)
  })
})

describe('keys that grew old', () => {
  it('are fetched again in the background, and no request waits', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = silence
    clock.ms = 10 * MINUTE + 1
    assert.notEqual(await find('k1'), null)
    assert.notEqual(await find('k1'), null)
    assert.equal(server.requests.length, 2)
  })

  const hints: readonly (readonly [cacheControl: string | null, ageMs: number])[] = [
    [null, 10 * MINUTE],
    ['public', 10 * MINUTE],
    ['public, max-age=300', 5 * MINUTE],
    ['max-age=3600', HOUR],
    ['max-age=0', MINUTE],
    ['no-store', MINUTE],
    ['max-age=7', MINUTE],
    ['max-age=nonsense', MINUTE],
    ['max-age=31536000', HOUR],
  ]
  for (const [cacheControl, ageMs] of hints) {
    it(`are old after ${ageMs / MINUTE} min where Cache-Control is ${cacheControl}`, async () => {
      const { server, clock, find } = setUp()
      server.answer = async () => {
        const response = json({ keys: [k1] })
        if (cacheControl !== null) response.headers.set('cache-control', cacheControl)
        return response
      }
      await find('k1')
      for (const [ms, requests] of [
        [ageMs, 1],
        [ageMs + 1, 2],
      ] as const) {
        clock.ms = ms
        await find('k1')
        await settle()
        assert.equal(server.requests.length, requests, `${ms} ms`)
      }
    })
  }

  it('are as old as the wall clock says after the machine slept', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = down
    clock.sleptMs = 24 * HOUR + 1
    await assert.rejects(find('k1'), UNAVAILABLE)
  })

  it('do not become fresh again when the wall clock is set back', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = down
    clock.ms = 24 * HOUR + 1
    clock.sleptMs = -48 * HOUR
    await assert.rejects(find('k1'), UNAVAILABLE)
  })

  it('verify while the server is down, up to the limit and not beyond', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = down
    for (clock.ms = HOUR; clock.ms <= 24 * HOUR; clock.ms += HOUR) {
      assert.notEqual(await find('k1'), null, `after ${clock.ms / HOUR} h`)
      await settle()
    }
    clock.ms = 24 * HOUR + 1
    await assert.rejects(find('k1'), UNAVAILABLE)
    await assert.rejects(find('x'), UNAVAILABLE)
  })

  it('count from the last time they were fetched, not the first', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    clock.ms = 20 * HOUR
    await find('k1')
    await settle()
    server.answer = down
    clock.ms = 44 * HOUR
    assert.notEqual(await find('k1'), null)
  })

  it('past the limit are fetched every second, not every half minute', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    const good = server.answer
    server.answer = down
    clock.ms = 48 * HOUR
    await assert.rejects(find('k1'), UNAVAILABLE)
    server.answer = good
    clock.ms += SECOND
    assert.notEqual(await find('k1'), null)
  })

  it('past the limit are waited for, and usable again once the server is back', async () => {
    const { clock, find } = setUp()
    await find('k1')
    clock.ms = 48 * HOUR
    assert.notEqual(await find('k1'), null)
  })
})

describe('a key rotation', () => {
  it('is picked up by the first token with the new kid', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = async () => json({ keys: [k1, k2] })
    clock.ms = 30 * SECOND
    assert.notEqual(await find('k2'), null)
    assert.notEqual(await find('k1'), null)
    assert.equal(server.requests.length, 2)
  })

  it('is fetched at once when the server says that a key was revoked', async () => {
    const { server, clock, find, findMadeUp, jwks } = setUp()
    await find('k1')
    clock.ms = 30 * SECOND
    await findMadeUp()
    server.answer = async () => json({ keys: [k2] })
    jwks.reload()
    assert.notEqual(await find('k2'), null)
    assert.equal(await find('k1'), null)
  })

  it('is found soon when the answering server did not know it yet', async () => {
    const { server, clock, find, findMadeUp, jwks } = setUp()
    await find('k1')
    clock.ms = 60 * SECOND
    // Another instance at the same address, or a cache in between.
    jwks.reload()
    assert.equal(await find('k2'), null)
    server.answer = async () => json({ keys: [k2] })
    clock.ms += SECOND
    assert.notEqual(await find('k2'), null)
    for (; clock.ms < 90 * SECOND; clock.ms += 100) await findMadeUp()
    assert.ok(
      server.requests.length <= 3 + 30,
      'and made-up kids still do not make us fetch each time',
    )
    const before = server.requests.length
    for (; clock.ms < 119 * SECOND; clock.ms += SECOND) await findMadeUp()
    assert.ok(server.requests.length <= before + 1)
  })

  it('is not missed by a fetch that was under way', async () => {
    const { server, clock, find, jwks } = setUp()
    await find('k1')
    clock.ms = 10 * MINUTE + 1
    const slow = Promise.withResolvers<Response>()
    server.answer = () => slow.promise
    await find('k1')
    jwks.reload()
    server.answer = async () => json({ keys: [k2] })
    slow.resolve(json({ keys: [k1] }))
    await settle()
    assert.notEqual(await find('k2'), null)
  })

  it('takes a withdrawn key out of use', async () => {
    const { server, clock, find } = setUp()
    await find('k1')
    server.answer = async () => json({ keys: [k2] })
    clock.ms = 30 * SECOND
    await find('k2')
    assert.equal(await find('k1'), null)
  })

  it('replaces a key that came back under its old kid', async () => {
    const { server, clock, find } = setUp()
    const before = await find('k1')
    assert.equal(await find('k1'), before, 'imported once')
    server.answer = async () => json({ keys: [{ ...k2, kid: 'k1' }, k2] })
    clock.ms = 30 * SECOND
    await find('k2')
    const after = await find('k1')
    assert.notEqual(after, null)
    assert.notEqual(after, before)
  })

  it('does not bring back a key that was withdrawn while it was being imported', async () => {
    // The import begins a microtask later each time; in some rounds the new keys arrive within it.
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      const { server, clock, find } = setUp()
      server.answer = async () => json({ keys: [k1, k2] })
      await find('k1')
      const slow = Promise.withResolvers<Response>()
      server.answer = () => slow.promise
      clock.ms = 10 * MINUTE + 1
      await find('k1')
      slow.resolve(json({ keys: [k1] }))
      for (let count = 0; count < microtasks; count++) await null
      await find('k2')
      await settle()
      assert.equal(await find('k2'), null, `after ${microtasks} microtasks`)
    }
  })
})
