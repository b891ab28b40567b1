import assert from 'node:assert/strict'
import { duplexPair, PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createLink } from './link.ts'

function pair() {
  const [near, far] = duplexPair()
  return { near, far, one: createLink(near), other: createLink(far) }
}

/** The next `count` messages of a channel. */
function received(link: ReturnType<typeof createLink>, name: string, count: number) {
  const { promise, resolve } = Promise.withResolvers<unknown[]>()
  const messages: unknown[] = []
  link.channel(name).onMessage((message) => {
    if (messages.push(message) === count) resolve(messages)
  })
  return promise
}

describe('a link', () => {
  it('carries what structured clone copies, in order, and each channel apart', async () => {
    const { one, other } = pair()
    const [first, second] = [received(other, 'first', 3), received(other, 'second', 1)]
    const message = { bytes: new Uint8Array([1, 2]), map: new Map([[1n, null]]) }
    one.channel('first').send(message)
    one.channel('second').send('elsewhere')
    one.channel('first').send('')
    one.channel('first').send(undefined)
    one.channel('without a listener').send('x')
    message.map.clear()
    assert.deepEqual(await first, [
      { bytes: new Uint8Array([1, 2]), map: new Map([[1n, null]]) },
      '',
      undefined,
    ])
    assert.deepEqual(await second, ['elsewhere'])
  })

  it('writes the messages of a turn together', async () => {
    const [near, far] = duplexPair()
    const link = createLink(near)
    const written: Buffer[] = []
    far.on('data', (chunk) => written.push(chunk))
    for (let at = 0; at < 10; at++) link.channel('c').send(at)
    await nextTurn()
    await nextTurn()
    assert.equal(written.length, 1)
  })

  it('understands messages that arrive in any pieces', async () => {
    const [near, far] = duplexPair()
    const link = createLink(near)
    const long = 'x'.repeat(70_000)
    link.channel('c').send('short')
    link.channel('c').send(long)
    link.close()
    const bytes = Buffer.concat(await far.toArray())
    for (const size of [1, 3, 4, 5, 1000, bytes.length]) {
      const pipe = new PassThrough()
      const heard = received(createLink(pipe), 'c', 2)
      for (let at = 0; at < bytes.length; at += size) pipe.write(bytes.subarray(at, at + size))
      assert.deepEqual(await heard, ['short', long])
    }
  })

  it('says when the other end is gone, once, and drops what is sent afterwards', async () => {
    const { far, one } = pair()
    const { promise, resolve } = Promise.withResolvers<void>()
    let closes = 0
    one.channel('c').onClose(() => {
      closes++
      resolve()
    })
    far.destroy()
    await promise
    one.channel('c').send('lost')
    await nextTurn()
    assert.equal(closes, 1)
    assert.equal(one.unsentBytes(), 0)
    one.channel('c').onClose(() => closes++)
    assert.equal(closes, 2)
  })

  it('stops a listener', async () => {
    const { one, other } = pair()
    const heard: unknown[] = []
    other.channel('c').onMessage((message) => heard.push(message))()
    const rest = received(other, 'c', 1)
    one.channel('c').send(1)
    await rest
    assert.deepEqual(heard, [])
  })
})
