/**
 * Counts of what goes on now, such as open streams by client, in all processes together.
 *
 * Each process tells its own counts as they change. So the counts of the others are as old as a
 * message takes to arrive, and what begins everywhere in the same moment may exceed a limit, at
 * most by what each process allows alone. Nothing grows: a process counts only what it holds, and
 * one that replaces another starts from zero.
 */

import { noPeers } from './local-peers.ts'
import type { Peers } from './peers.ts'

type Count = readonly [key: string, count: number]

/** Counts as they are now, not differences: a message that is lost does no lasting harm. */
type Message = { readonly from: number } & (
  | { readonly counts: readonly Count[] }
  | { readonly started: true }
)

export class SharedCounts {
  readonly #peers: Peers
  readonly #topic: string
  readonly #own = new Map<string, number>()
  /** Of the other processes, by their index. */
  readonly #others = new Map<number, Map<string, number>>()

  /** @param topic of no one else. */
  constructor(topic: string, peers: Peers = noPeers()) {
    this.#topic = topic
    this.#peers = peers
    if (peers.count === 1) return
    peers.listen(topic, (message) => this.#hear(message as Message))
    peers.tell(topic, { from: peers.index, started: true } satisfies Message)
  }

  /** In all processes. */
  of(key: string): number {
    let sum = this.#own.get(key) ?? 0
    for (const counts of this.#others.values()) sum += counts.get(key) ?? 0
    return sum
  }

  add(...keys: readonly string[]): void {
    this.#change(keys, 1)
  }

  remove(...keys: readonly string[]): void {
    this.#change(keys, -1)
  }

  #change(keys: readonly string[], by: 1 | -1): void {
    const counts = keys.map((key): Count => [key, (this.#own.get(key) ?? 0) + by])
    setAll(this.#own, counts)
    if (this.#peers.count === 1) return
    this.#peers.tell(this.#topic, { from: this.#peers.index, counts } satisfies Message)
  }

  #hear(message: Message): void {
    const { from } = message
    if ('counts' in message) {
      const known = this.#others.get(from) ?? new Map<string, number>()
      this.#others.set(from, known)
      setAll(known, message.counts)
      return
    }
    this.#others.delete(from)
    const counts = [...this.#own]
    if (counts.length === 0) return
    const answer: Message = { from: this.#peers.index, counts }
    this.#peers.tellOne(from, this.#topic, answer)
  }
}

function setAll(counts: Map<string, number>, changed: readonly Count[]): void {
  for (const [key, count] of changed) {
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
  }
}
