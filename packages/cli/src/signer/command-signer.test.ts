/** The external signer as a program: the example, its end, and programs that do not start. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ExternalKeys } from '@modulariot/auth'
import { SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { describeEnd, type SignerTimes } from './command-signer.ts'
import { closeAll, INPUT, type Opened, open, pidOf, rejectsWith } from './signer.fixture.ts'

const EXAMPLE = fileURLToPath(new URL('../../../../examples/signers/directory.ts', import.meta.url))
const SEALING_KEY = new Uint8Array(32).fill(1)

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'miot-signer-'))
})
after(() => rmSync(folder, { recursive: true }))
afterEach(closeAll)

const openExample = (times: Partial<SignerTimes> = {}): Opened =>
  open([process.execPath, EXAMPLE, folder], times)

describe('the example signer', { timeout: 60_000 }, () => {
  for (const alg of SIGNING_ALGORITHMS) {
    it(`makes, signs with and destroys a key of ${alg}, checked at each step`, async () => {
      const { signer } = openExample()
      assert.equal(await signer.start(), null)
      assert.equal(signer.isUp(), true)
      const errors: unknown[] = []
      const external = new ExternalKeys({ signer, onError: (error) => errors.push(error) })
      const record = await external.make(alg, SEALING_KEY, Date.now(), [])
      assert.equal(record.alg, alg)
      assert.equal(readdirSync(folder).length, 1)
      await external.discard([record], [SEALING_KEY])
      assert.deepEqual(readdirSync(folder), [])
      assert.deepEqual(errors, [])
    })
  }

  it('refuses what it cannot do, and goes on', async () => {
    const { signer } = openExample()
    await signer.start()
    await rejectsWith(signer.sign('../../etc/passwd', 'ES256', INPUT), 'refused', /ENOENT/)
    const { reference } = await signer.create('ES256')
    assert.equal((await signer.sign(reference, 'ES256', INPUT)).length, 64)
    await signer.destroy(reference)
    await signer.destroy(reference)
  })

  it('is started again after it was killed, with its keys', async () => {
    const { signer, ended, nextStart } = openExample()
    await signer.start()
    const { reference } = await signer.create('ES256')
    const pid = pidOf(EXAMPLE, folder)
    const again = nextStart()
    process.kill(pid, 'SIGKILL')
    const { end } = await ended
    assert.match(end.fault, /was killed \(SIGKILL\)/)
    assert.equal(signer.isUp(), false)
    await again
    assert.equal((await signer.sign(reference, 'ES256', INPUT)).length, 64)
    await signer.destroy(reference)
  })

  it('ends with its input', async () => {
    const { signer, ends } = openExample()
    await signer.start()
    const pid = pidOf(EXAMPLE, folder)
    await signer.close()
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    assert.deepEqual(ends, [])
    await rejectsWith(signer.sign('r', 'ES256', INPUT), 'unavailable')
  })
})

describe('a program that cannot be started', { timeout: 60_000 }, () => {
  it('is reported, and no call waits for it', async () => {
    const { signer } = open(['/nonexistent/signer'], { restartMs: { min: 60_000, max: 60_000 } })
    const end = await signer.start()
    assert.equal(end?.couldRun, false)
    assert.match(end?.fault ?? '', /cannot be run \(ENOENT\)/)
    await rejectsWith(signer.sign('r', 'ES256', INPUT), 'unavailable')
  })

  it('is tried again, more and more seldom', async () => {
    const { signer, ends } = open(['/bin/sh', '-c', 'exit 1'], { restartMs: { min: 5, max: 20 } })
    await signer.start()
    while (ends.length < 5) await new Promise(setImmediate)
    assert.deepEqual(
      ends.slice(0, 5).map(({ nextStartMs }) => nextStartMs),
      [5, 10, 20, 20, 20],
    )
  })

  for (const [what, text, fault] of [
    ['speaks another protocol', 'put({ id, protocol: 2, algorithms: [] })', /protocol 2/],
    ['names no algorithms', 'put({ id, protocol: 1 })', /without a list of algorithms/],
    ['refuses', 'put({ id, error: "wrong PIN" })', /refused to hello: wrong PIN/],
    ['complains and ends', 'console.error("wrong\\nPIN"); process.exit(3)', /ended with status 3/],
    ['answers nothing', '', /did not start|answered nothing/],
  ] as const) {
    it(`that ${what} does not run`, async () => {
      const script = `
        const put = (o) => console.log(JSON.stringify(o))
        process.stdin.once('data', (line) => { const { id } = JSON.parse(line); ${text} })`
      const { signer } = open([process.execPath, '-e', script], { startMs: 1500 })
      const end = await signer.start()
      assert.ok(end)
      assert.match(end.fault, fault)
      assert.equal(signer.isUp(), false)
      const shown = describeEnd({ setting: 'S', words: ['p'], env: {} }, end)
      if (what.startsWith('complains')) assert.match(shown, /^S: p .*wrote “wrong PIN”$/)
    })
  }
})
