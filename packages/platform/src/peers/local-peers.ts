/** Processes without inter-process messages: a single one, and several in one process for tests. */

import { Inheritance } from './inheritance.ts'
import type { PeerMessage, Peers } from './peers.ts'

/** A process without others. */
export function noPeers(): Peers {
  const [only] = localPeers(1)
  return only as Peers
}

/** As many peers, all in this process; messages are copied, as between processes, and in order. */
export function localPeers(count: number): Peers[] {
  const all = Array.from({ length: count }, () => new Map<string, Set<Listener>>())
  const inheritances = all.map(() => new Inheritance())
  const deliver = (index: number, topic: string, message: PeerMessage): void => {
    for (const heard of all[index]?.get(topic) ?? []) heard(message)
  }
  return all.map((listeners, own) => ({
    count,
    index: own,
    tell(topic, message) {
      for (const index of all.keys()) {
        if (index !== own) deliver(index, topic, structuredClone(message))
      }
    },
    tellOne: (index, topic, message) =>
      deliver(index, topic, index === own ? message : structuredClone(message)),
    listen(topic, heard) {
      const ofTopic = listeners.get(topic) ?? new Set()
      listeners.set(topic, ofTopic)
      ofTopic.add(heard)
      return () => void ofTopic.delete(heard)
    },
    inherit: (topic, part) => inheritances[own]?.add(topic, part),
    async inherited() {
      const other = inheritances.find((_, index) => index !== own)
      for (const piece of other?.pieces() ?? []) inheritances[own]?.take(structuredClone(piece))
    },
  }))
}

type Listener = (message: PeerMessage) => void
