import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers } from './local-peers.ts'
import type { Peers } from './peers.ts'
import { SharedCounts } from './shared-counts.ts'

const TOPIC = 'runs'

function countsOf(peers: readonly Peers[]): SharedCounts[] {
  return peers.map((peer) => new SharedCounts(TOPIC, peer))
}

describe('shared counts', () => {
  it('are the sum over all processes', () => {
    const all = countsOf(localPeers(3))
    for (const counts of all) counts.add('a', 'b')
    all[1]?.add('a')
    all[2]?.remove('b')
    for (const counts of all) assert.deepEqual([counts.of('a'), counts.of('b')], [4, 2])
  })

  it('are known to a process that starts later', () => {
    const peers = localPeers(2)
    const [one] = countsOf(peers.slice(0, 1))
    one?.add('a')
    const [other] = countsOf(peers.slice(1))
    assert.equal(other?.of('a'), 1)
  })

  it('of a process that ended are gone once another has replaced it', () => {
    const peers = localPeers(2)
    const [one, ended] = countsOf(peers)
    ended?.add('a')
    assert.equal(one?.of('a'), 1)
    countsOf(peers.slice(1))
    assert.equal(one?.of('a'), 0)
  })

  it('of a process that still ends count beside those of the one that replaces it', () => {
    const peers = localPeers(3)
    const [one, ending] = countsOf(peers.slice(0, 2))
    ending?.add('a')
    const [next] = countsOf([{ ...(peers[2] as Peers), index: 1 }])
    next?.add('a')
    assert.deepEqual([one?.of('a'), next?.of('a')], [2, 2])
    ending?.remove('a')
    assert.deepEqual([one?.of('a'), next?.of('a')], [1, 1])
  })

  it('are right again after a message was lost', () => {
    const peers = localPeers(2)
    const [deaf, teller] = countsOf([peers[0] as Peers, losingFirst(peers[1] as Peers)])
    teller?.add('a')
    assert.equal(deaf?.of('a'), 0)
    teller?.add('a')
    assert.equal(deaf?.of('a'), 2)
  })

  it('of one process alone send nothing', () => {
    const [peer] = localPeers(1)
    const fail = (): never => assert.fail('nothing to tell')
    const counts = new SharedCounts(TOPIC, { ...(peer as Peers), tell: fail, tellOne: fail })
    counts.add('a')
    assert.equal(counts.of('a'), 1)
    counts.remove('a')
    assert.equal(counts.of('a'), 0)
  })
})

/** Loses the first message after the one of the start. */
function losingFirst(peer: Peers): Peers {
  let told = 0
  return {
    ...peer,
    tell(topic, message) {
      told++
      if (told !== 2) peer.tell(topic, message)
    },
  }
}
