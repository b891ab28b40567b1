/**
 * Peers over the links between each worker and the process that started it, which forwards what one
 * tells the others.
 *
 * A worker that does not read makes the memory of none other grow: beyond a bound, what it would
 * have heard is dropped and counted.
 */

import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import type { Channel } from './channel.ts'
import { Inheritance, type Piece } from './inheritance.ts'
import type { Link } from './link.ts'
import type { PeerMessage, Peers } from './peers.ts'

const CHANNEL = 'peers'
const INHERITANCE = 'inheritance'

/** What one process may have yet to read before messages to it are dropped. */
export const MAX_UNREAD_BYTES = 8 * 1024 ** 2

/** A process that passes on what it knows waits before the other process has to read more. */
const PASSED_ON_AT_ONCE_BYTES = 1024 ** 2
const PASSED_ON_EVERY_MS = 10

/** Without a piece for as long, another process is asked; the last one of so many that are. */
const PIECE_WITHIN_MS = 1000
const ASKED = 2

/** `heir`: the process that asks, as the exchange numbers it. */
type ForInheritance =
  | { readonly kind: 'ask' }
  | { readonly kind: 'asked'; readonly heir: number }
  | { readonly kind: 'piece'; readonly heir: number; readonly piece: Uint8Array }
  /** All has been sent, or no process could be asked. */
  | { readonly kind: 'done'; readonly heir: number }

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
  const inheritance = new Inheritance()
  const inheritChannel = link.channel(INHERITANCE)
  inheritChannel.onMessage((message) => {
    const said = message as ForInheritance
    if (said.kind === 'asked') void passOn(said.heir, inheritance, inheritChannel, link)
  })
  return {
    inherit: (topic, part) => inheritance.add(topic, part),
    inherited: () => inheritFrom(inheritChannel, inheritance),
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

/** Sends everything to the process that asked, and makes the others wait for short turns only. */
async function passOn(
  heir: number,
  inheritance: Inheritance,
  channel: Channel,
  link: Link,
): Promise<void> {
  for (const piece of inheritance.pieces()) {
    while (link.unsentBytes() > PASSED_ON_AT_ONCE_BYTES) {
      await wait(PASSED_ON_EVERY_MS, undefined, { ref: false })
    }
    const message: ForInheritance = { kind: 'piece', heir, piece: serialize(piece) }
    channel.send(message)
    await nextTurn()
  }
  channel.send({ kind: 'done', heir } satisfies ForInheritance)
}

/** Resolves when all has arrived, or when the processes that were asked do not send it. */
async function inheritFrom(channel: Channel, inheritance: Inheritance): Promise<void> {
  const done = Promise.withResolvers<void>()
  let asked = 0
  const late = setInterval(ask, PIECE_WITHIN_MS)
  function ask(): void {
    if (++asked > ASKED) done.resolve()
    else channel.send({ kind: 'ask' } satisfies ForInheritance)
  }
  const stop = channel.onMessage((message) => {
    const said = message as ForInheritance
    late.refresh()
    if (said.kind === 'piece') inheritance.take(deserialize(said.piece) as Piece)
    else if (said.kind === 'done') done.resolve()
  })
  ask()
  await done.promise
  clearInterval(late)
  stop()
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

interface Connected {
  readonly id: number
  readonly index: number
  readonly link: Link
  serves: boolean
}

/** Forwards messages between workers. @param onDropped called for each that is dropped. */
export function createExchange(onDropped: () => void): Exchange {
  const workers: Connected[] = []
  let lastId = 0
  let lastAsked = 0

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
  /** Asks those that serve in turn: the last one may hang. */
  function forwardInheritance(from: Connected, said: ForInheritance): void {
    if (said.kind !== 'ask') {
      const heir = workers.find(({ id }) => 'heir' in said && id === said.heir)
      heir?.link.channel(INHERITANCE).send(said)
      return
    }
    const others = workers.filter((worker) => worker !== from && worker.serves)
    const asked = others.find(({ id }) => id > lastAsked) ?? others[0]
    lastAsked = asked?.id ?? 0
    const answer: ForInheritance = { kind: asked ? 'asked' : 'done', heir: from.id }
    ;(asked ?? from).link.channel(INHERITANCE).send(answer)
  }
  return {
    add(index, link) {
      const worker: Connected = { id: ++lastId, index, link, serves: false }
      workers.push(worker)
      link
        .channel(INHERITANCE)
        .onMessage((said) => forwardInheritance(worker, said as ForInheritance))
      const channel = link.channel(CHANNEL)
      channel.onMessage((told) => forward(link, told as Told))
      channel.onClose(() => void workers.splice(workers.indexOf(worker), 1))
      return () => {
        worker.serves = true
      }
    },
  }
}
