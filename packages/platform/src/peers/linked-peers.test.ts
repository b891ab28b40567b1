import assert from 'node:assert/strict'
import { duplexPair, PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { createLink, type Link } from './link.ts'
import { createExchange, linkedPeers, MAX_UNREAD_BYTES } from './linked-peers.ts'
import type { Peers } from './peers.ts'

/** Workers of one supervisor. */
function start(indexes: readonly number[]) {
  const exchange = createExchange(() => assert.fail('dropped'))
  const ends: Link[] = []
  const peers = indexes.map((index) => {
    const [near, far] = duplexPair()
    const end = createLink(far)
    ends.push(end)
    exchange.add(index, end)()
    return linkedPeers(createLink(near), { index, count: 3, onDropped: () => assert.fail() })
  })
  return { exchange, peers, ends }
}

function heardBy(peers: readonly Peers[]): unknown[][] {
  return peers.map((peer) => {
    const heard: unknown[] = []
    peer.listen('topic', (message) => heard.push(message))
    return heard
  })
}

/** Messages are in order, so this one arrives after all before it. */
async function settled(from: Peers, to: readonly Peers[]): Promise<void> {
  const arrivals = to.map((peer) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    peer.listen('last', () => resolve())
    return promise
  })
  from.tell('last', null)
  await Promise.all(arrivals)
}

describe('peers over links', () => {
  it('tell all others, in order, and those only who listen to the topic', async () => {
    const { peers } = start([0, 1, 2])
    const [, one] = peers as [Peers, Peers, Peers]
    const heard = heardBy(peers)
    one.tell('topic', 1)
    one.tell('elsewhere', 2)
    one.tell('topic', { three: 3n })
    await settled(
      one,
      peers.filter((peer) => peer !== one),
    )
    assert.deepEqual(heard, [[1, { three: 3n }], [], [1, { three: 3n }]])
    assert.deepEqual([one.index, one.count], [1, 3])
  })

  it('tell one: itself at once, another by its index, its replacement once it serves', async () => {
    const { peers, exchange } = start([0, 1])
    const [zero, one] = peers as [Peers, Peers]
    const [near, far] = duplexPair()
    const replacement = linkedPeers(createLink(near), { index: 1, count: 3, onDropped: () => {} })
    const heard = heardBy([zero, one, replacement])
    zero.tellOne(0, 'topic', 'self')
    assert.deepEqual(heard, [['self'], [], []])
    zero.tellOne(1, 'topic', 'before')
    await settled(zero, [one])
    const serves = exchange.add(1, createLink(far))
    zero.tellOne(1, 'topic', 'while the other starts')
    await settled(zero, [one, replacement])
    serves()
    zero.tellOne(1, 'topic', 'after')
    zero.tellOne(2, 'topic', 'to an index without a process')
    await settled(zero, [one, replacement])
    assert.deepEqual(heard, [['self'], ['before', 'while the other starts'], ['after']])
  })

  it('get what those that serve know, from each in turn', async () => {
    const { peers, exchange } = start([0, 1])
    const known = Array.from({ length: 1200 }, (_, at) => at)
    const asked = [0, 0]
    for (const [at, peer] of peers.entries()) {
      const items = () => {
        asked[at] = (asked[at] as number) + 1
        return known
      }
      peer.inherit('topic', { items, take: () => assert.fail('it serves already') })
    }
    for (const answered of [
      [1, 0],
      [1, 1],
      [2, 1],
    ]) {
      const [near, far] = duplexPair()
      exchange.add(2, createLink(far))
      const heir = linkedPeers(createLink(near), { index: 2, count: 3, onDropped: assert.fail })
      const got: number[] = []
      heir.inherit<number>('topic', { items: () => [], take: (items) => got.push(...items) })
      await heir.inherited()
      assert.deepEqual(got, known)
      assert.deepEqual(asked, answered)
    }
  })

  it('ask another one when the first hangs, and wait no longer than for two', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const exchange = createExchange(assert.fail)
    const connect = (index: number) => {
      const [near, far] = duplexPair()
      exchange.add(index, createLink(far))()
      // Until it has a link, no one reads it.
      return () => linkedPeers(createLink(near), { index, count: 4, onDropped: assert.fail })
    }
    const heir = connect(0)()
    await heir.inherited()
    connect(1)
    connect(2)
    const waiting = heir.inherited()
    t.mock.timers.tick(1000)
    t.mock.timers.tick(1000)
    await waiting
    connect(3)().inherit('topic', { items: () => ['known'], take: () => {} })
    const got: string[] = []
    heir.inherit<string>('topic', { items: () => [], take: (items) => got.push(...items) })
    await heir.inherited()
    assert.deepEqual(got, ['known'])
  })

  it('drop and count what is told to a worker that does not read', async () => {
    let dropped = 0
    const exchange = createExchange(() => dropped++)
    const stuck = createLink(new PassThrough({ read() {}, highWaterMark: 1 }))
    Object.assign(stuck, { unsentBytes: () => MAX_UNREAD_BYTES + 1 })
    exchange.add(1, stuck)
    const [near, far] = duplexPair()
    exchange.add(0, createLink(far))
    const [third, end] = duplexPair()
    exchange.add(2, createLink(end))
    const zero = linkedPeers(createLink(near), { index: 0, count: 3, onDropped: () => {} })
    const two = linkedPeers(createLink(third), { index: 2, count: 3, onDropped: () => {} })
    const [heard] = heardBy([two])
    zero.tell('topic', 1)
    await settled(zero, [two])
    assert.deepEqual(heard, [1])
    assert.equal(dropped, 2)
  })

  it('drop and count what they tell while the supervisor does not read', () => {
    let dropped = 0
    const link = createLink(new PassThrough())
    Object.assign(link, { unsentBytes: () => MAX_UNREAD_BYTES + 1 })
    const peers = linkedPeers(link, { index: 0, count: 2, onDropped: () => dropped++ })
    peers.tell('topic', 1)
    peers.tellOne(1, 'topic', 1)
    assert.equal(dropped, 2)
  })

  it('are forgotten when their link closes', async () => {
    const { peers, ends } = start([0, 1, 2])
    const [zero, , two] = peers as [Peers, Peers, Peers]
    const closed = Promise.withResolvers<void>()
    ends[1]?.channel('x').onClose(closed.resolve)
    ends[1]?.close()
    await settled(zero, [two])
  })
})
