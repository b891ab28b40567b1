import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers, noPeers } from './local-peers.ts'
import type { Peers } from './peers.ts'

function heardBy(peers: readonly Peers[], topic = 'topic'): unknown[][] {
  return peers.map((peer) => {
    const heard: unknown[] = []
    peer.listen(topic, (message) => heard.push(message))
    return heard
  })
}

describe('peers in one process', () => {
  it('tell all others, in order, and only those who listen to the topic', () => {
    const peers = localPeers(3)
    const heard = heardBy(peers)
    const elsewhere = heardBy(peers, 'another')
    peers[1]?.tell('topic', 1)
    peers[1]?.tell('topic', 2)
    assert.deepEqual(
      [heard, elsewhere],
      [
        [[1, 2], [], [1, 2]],
        [[], [], []],
      ],
    )
  })

  it('tell one, which may be the teller', () => {
    const peers = localPeers(2)
    const heard = heardBy(peers)
    peers[0]?.tellOne(0, 'topic', 'self')
    peers[0]?.tellOne(1, 'topic', 'other')
    assert.deepEqual(heard, [['self'], ['other']])
  })

  it('copy what they are told', () => {
    const peers = localPeers(2)
    const [, heard] = heardBy(peers)
    const message = { n: 1 }
    peers[0]?.tell('topic', message)
    message.n = 2
    assert.deepEqual(heard, [{ n: 1 }])
  })

  it('do not hear once they stopped listening', () => {
    const peers = localPeers(2)
    const heard: unknown[] = []
    peers[1]?.listen('topic', (message) => heard.push(message))()
    peers[0]?.tell('topic', 1)
    assert.deepEqual(heard, [])
  })

  it('are one by itself without others', () => {
    const peers = noPeers()
    const [heard] = heardBy([peers])
    peers.tell('topic', 1)
    assert.deepEqual([peers.count, peers.index, heard], [1, 0, []])
  })
})
