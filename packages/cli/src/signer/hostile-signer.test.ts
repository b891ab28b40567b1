/** External signers that do what none may do, that are slow, or that lie. */

import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { ExternalKeys, type SignerFault } from '@modulariot/auth'
import type { CommandSigner } from './command-signer.ts'
import { closeAll, INPUT, isRunning, MARK, pidOf, program, rejectsWith } from './signer.fixture.ts'
import { MAX_CALLS } from './signer-process.ts'

const SEALING_KEY = new Uint8Array(32).fill(1)

afterEach(closeAll)

const DONE = 'put({ id, signature: "AAAA" })'

describe('a program that does what no signer may do', { timeout: 60_000 }, () => {
  for (const [what, body, fault] of [
    ['prints garbage', 'console.log("Segmentation fault")', /a line that is not JSON$/],
    ['prints a list', 'put([])', /not a JSON object/],
    ['answers without an id', 'put({ signature: "AAAA" })', /without an id/],
    [
      'answers a call that was not made',
      'put({ id: id + 7 })',
      /answered call \d+, which does not/,
    ],
    ['answers twice', `${DONE}; ${DONE}`, /answered call 2, which does not wait/],
    ['answers with no signature', 'put({ id, signature: "+/=" })', /signature in base64url/],
    ['floods one line', 'process.stdout.write("x".repeat(1e6))', /a line of more than/],
    ['floods with lines', 'for (;;) console.log("{}")', /without an id/],
    ['dies', 'process.abort()', /was killed \(SIGABRT\)/],
    ['ends', 'process.exit(0)', /ended with status 0/],
  ] as const) {
    it(`and ${what} is killed, and started again`, async () => {
      const { signer, ended, nextStart } = program(body)
      await signer.start()
      const again = nextStart()
      const calls = Array.from({ length: 3 }, () => signer.sign('r', 'ES256', INPUT))
      const results = await Promise.allSettled(calls)
      assert.match((await ended).end.fault, fault)
      const last = results.at(-1)
      assert.ok(last?.status === 'rejected')
      assert.equal((last.reason as SignerFault).kind, 'unavailable')
      await again
      assert.equal(signer.isUp(), true)
    })
  }

  it('and hangs is killed once a call has waited long enough', async () => {
    const { signer, ended } = program('if (call.op === "sign") for (;;);', { signMs: 300 })
    await signer.start()
    const pid = pidOf(MARK)
    await rejectsWith(signer.sign('r', 'ES256', INPUT), 'timeout', /did not sign within 0.3 s/)
    assert.match((await ended).end.fault, /answered nothing for 0.3 s/)
    const deadline = performance.now() + 10_000
    while (isRunning(pid)) {
      assert.ok(performance.now() < deadline, 'it still runs')
      await new Promise(setImmediate)
    }
  })

  it('and does not read its input costs no more than the calls that may wait', async () => {
    const { signer, ended } = program('process.stdin.pause(); setInterval(() => {}, 1e6)', {
      signMs: 500,
    })
    await signer.start()
    const calls = Array.from({ length: MAX_CALLS + 1 }, () =>
      signer.sign('r', 'ES256', Buffer.alloc(1000)),
    )
    await rejectsWith(calls.pop() as Promise<Buffer>, 'busy')
    const results = await Promise.allSettled(calls)
    assert.ok(results.every(({ status }) => status === 'rejected'))
    await ended
  })
})

describe('a program that is slow', { timeout: 60_000 }, () => {
  it('while it makes a key is not killed for the signatures that wait', async () => {
    const body = `
      if (call.op === 'create') { const end = Date.now() + 600; while (Date.now() < end); }
      if (call.op === 'create') return put({ id, reference: 'r', public_jwk: {} })
      ${DONE}`
    const { signer, ends } = program(body, { signMs: 200 })
    await signer.start()
    const created = signer.create('ES256')
    await rejectsWith(signer.sign('r', 'ES256', INPUT), 'timeout')
    await created
    assert.equal((await signer.sign('r', 'ES256', INPUT)).length, 3)
    assert.deepEqual(ends, [])
  })

  it('may answer a call late, and others in any order', async () => {
    const body = `
      if (call.reference === 'slow') return setTimeout(() => put({ id, signature: 'AAAA' }), 400)
      put({ id, signature: 'BBBB' })`
    const { signer, ends } = program(body, { signMs: 200 })
    await signer.start()
    const slow = signer.sign('slow', 'ES256', INPUT)
    assert.equal((await signer.sign('fast', 'ES256', INPUT)).toString('base64url'), 'BBBB')
    await rejectsWith(slow, 'timeout')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal((await signer.sign('fast', 'ES256', INPUT)).toString('base64url'), 'BBBB')
    assert.deepEqual(ends, [])
  })

  it('and makes a key too late is told to destroy it', async () => {
    const body = `
      globalThis.destroyed ??= []
      if (call.op === 'create')
        return setTimeout(() => put({ id, reference: 'late', public_jwk: {} }), 300)
      if (call.op === 'destroy') destroyed.push(call.reference)
      if (call.op === 'destroy') return put({ id })
      put({ id, error: 'destroyed ' + destroyed.join() })`
    const { signer } = program(body, { keyMs: 150 })
    await signer.start()
    // Without an answer to a signature in between, the program would count as one that hangs.
    const created = signer.create('ES256')
    created.catch(() => {})
    await rejectsWith(signer.sign('r', 'ES256', INPUT), 'refused', /destroyed$/)
    await rejectsWith(created, 'timeout')
    const deadline = performance.now() + 10_000
    for (;;) {
      const refusal = await signer.sign('r', 'ES256', INPUT).catch((error) => error.message)
      if (/destroyed late$/.test(refusal)) break
      assert.ok(performance.now() < deadline, refusal)
    }
  })
})

describe('a signer that lies', { timeout: 60_000 }, () => {
  const external = (signer: CommandSigner) => new ExternalKeys({ signer, onError: () => {} })
  const KEY = `
    const { generateKeyPairSync, sign } = require('node:crypto')
    globalThis.pair ??= generateKeyPairSync('ec', { namedCurve: 'P-256' })
    globalThis.other ??= generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const public_jwk = pair.publicKey.export({ format: 'jwk' })
    const signed = (key) => {
      const input = Buffer.from(call.input, 'base64url')
      put({ id, signature: sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url') })
    }
    if (call.op === 'destroy') return put({ id });`
  for (const [what, body, kind] of [
    [
      'with another key signs',
      `if (call.op === 'sign') return signed(other.privateKey);
      put({ id, reference: 'r', public_jwk })`,
      'wrong_signature',
    ],
    [
      'has a key of another kind',
      `put({ id, reference: 'r', public_jwk: { kty: 'RSA', n: 'AQAB', e: 'AQAB' } })`,
      'wrong_key',
    ],
    [
      'has a key that is none',
      `put({ id, reference: 'r', public_jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } })`,
      'wrong_key',
    ],
  ] as const) {
    it(`and ${what} makes no key`, async () => {
      const { signer } = program(KEY + body)
      await signer.start()
      await rejectsWith(external(signer).make('ES256', SEALING_KEY, 0, []), kind)
    })
  }

  it('about a key that it has made before makes no key, and keeps the one in use', async () => {
    const { signer } = program(`${KEY}
      if (call.op === 'sign') return signed(pair.privateKey);
      put({ id, reference: 'r', public_jwk: pair.privateKey.export({ format: 'jwk' }) })`)
    await signer.start()
    const keys = external(signer)
    const first = await keys.make('ES256', SEALING_KEY, 0, [])
    assert.ok(!('d' in first.public_jwk))
    await rejectsWith(keys.make('ES256', SEALING_KEY, 0, [first]), 'wrong_key', /no new key/)
  })
})
