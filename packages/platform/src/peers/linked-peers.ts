/**
 * Peers over the links between each worker and the process that started it, which forwards what one
 * tells the others.
 *
 * A worker that does not read makes the memory of none other grow: beyond a bound, what it would
 * have heard is dropped and counted.
 */

import { deserialize, serialize } from 'node:v8'
import type { Link } from './link.ts'
import type { PeerMessage, Peers } from './peers.ts'

const CHANNEL = 'peers'

/** What one process may have yet to read before messages to it are dropped. */
export const MAX_UNREAD_BYTES = 8 * 1024 ** 2

interface Told {
  /** Null: all others. */
  readonly to: number | null
  readonly topic: string
  /** The message as it was serialized by its sender; it is read only where it is heard. */
  readonly message: Uint8Array
}

export interface LinkedPeersOptions {
  readonly index: number
  readonly count: number
  /** Called for each message that is dropped. */
  readonly onDropped: () => void
}

/** The other workers, seen from one. @param link to the process that started it. */
export function linkedPeers(link: Link, { index, count, onDropped }: LinkedPeersOptions): Peers {
  const channel = link.channel(CHANNEL)
  const listeners = new Map<string, Set<(message: PeerMessage) => void>>()
  channel.onMessage((told) => {
    const { topic, message } = told as Told
    const heardBy = listeners.get(topic)
    if (heardBy === undefined || heardBy.size === 0) return
    const value: PeerMessage = deserialize(message)
    for (const heard of heardBy) heard(value)
  })
  function send(to: number | null, topic: string, message: PeerMessage): void {
    if (link.unsentBytes() > MAX_UNREAD_BYTES) onDropped()
    else channel.send({ to, topic, message: serialize(message) } satisfies Told)
  }
  return {
    count,
    index,
    tell: (topic, message) => send(null, topic, message),
    tellOne(to, topic, message) {
      if (to !== index) send(to, topic, message)
      else for (const heard of listeners.get(topic) ?? []) heard(message)
    },
    listen(topic, heard) {
      const ofTopic = listeners.get(topic) ?? new Set()
      listeners.set(topic, ofTopic)
      ofTopic.add(heard)
      return () => void ofTopic.delete(heard)
    },
  }
}

export interface Exchange {
  /**
   * Connects a worker, until its link closes. Of several with an index, the newest that serves
   * hears what is told to that index only.
   *
   * @returns a function that says that it serves.
   */
  add(index: number, link: Link): () => void
}

/** Forwards messages between workers. @param onDropped called for each that is dropped. */
export function createExchange(onDropped: () => void): Exchange {
  const workers: { readonly index: number; readonly link: Link; serves: boolean }[] = []

  function forward(from: Link, told: Told): void {
    const others = workers.filter(({ link }) => link !== from)
    const named = others.filter(({ index }) => index === told.to)
    const newest = named.findLast(({ serves }) => serves) ?? named.at(-1)
    const targets = told.to === null ? others : newest === undefined ? [] : [newest]
    for (const { link } of targets) {
      if (link.unsentBytes() > MAX_UNREAD_BYTES) onDropped()
      else link.channel(CHANNEL).send(told)
    }
  }
  return {
    add(index, link) {
      const worker = { index, link, serves: false }
      workers.push(worker)
      const channel = link.channel(CHANNEL)
      channel.onMessage((told) => forward(link, told as Told))
      channel.onClose(() => void workers.splice(workers.indexOf(worker), 1))
      return () => {
        worker.serves = true
      }
    },
  }
}
