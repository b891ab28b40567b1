/**
 * Counts of what goes on now, such as open streams by client, in all processes together.
 *
 * Each process tells its own counts as they change. So the counts of the others are as old as a
 * message takes to arrive, and what begins everywhere in the same moment may exceed a limit, at
 * most by what each process allows alone. What a killed process held counts until another replaces
 * it; what one holds that ends in order counts beside those of the process that replaces it.
 */

import { randomId } from '../random-id.ts'
import { noPeers } from './local-peers.ts'
import type { Peers } from './peers.ts'

type Count = readonly [key: string, count: number]

/** Counts as they are now, not differences: a message that is lost does no lasting harm. */
type Message = { readonly from: Sender } & (
  | { readonly counts: readonly Count[] }
  | { readonly started: true }
)

/** The id differs between a process and the one that replaces it. */
interface Sender {
  readonly index: number
  readonly id: string
}

interface OtherProcess {
  readonly index: number
  readonly counts: Map<string, number>
}

export class SharedCounts {
  readonly #peers: Peers
  readonly #topic: string
  readonly #own = new Map<string, number>()
  readonly #self: Sender
  /** By their id; those that count something. */
  readonly #others = new Map<string, OtherProcess>()

  /** @param topic of no one else. */
  constructor(topic: string, peers: Peers = noPeers()) {
    this.#topic = topic
    this.#peers = peers
    this.#self = { index: peers.index, id: randomId() }
    if (peers.count === 1) return
    peers.listen(topic, (message) => this.#hear(message as Message))
    peers.tell(topic, { from: this.#self, started: true } satisfies Message)
  }

  /** In all processes. */
  of(key: string): number {
    let sum = this.#own.get(key) ?? 0
    for (const { counts } of this.#others.values()) sum += counts.get(key) ?? 0
    return sum
  }

  add(...keys: readonly string[]): void {
    this.#change(keys, 1)
  }

  remove(...keys: readonly string[]): void {
    this.#change(keys, -1)
  }

  #change(keys: readonly string[], by: 1 | -1): void {
    const counts = keys.map((key): Count => {
      const changed: Count = [key, (this.#own.get(key) ?? 0) + by]
      setAll(this.#own, [changed])
      return changed
    })
    if (this.#peers.count === 1) return
    this.#peers.tell(this.#topic, { from: this.#self, counts } satisfies Message)
  }

  #hear(message: Message): void {
    const { index, id } = message.from
    if ('counts' in message) {
      const { counts } = this.#others.get(id) ?? { counts: new Map<string, number>() }
      setAll(counts, message.counts)
      if (counts.size === 0) this.#others.delete(id)
      else this.#others.set(id, { index, counts })
      return
    }
    for (const [former, other] of this.#others) {
      if (other.index === index) this.#others.delete(former)
    }
    if (this.#own.size === 0) return
    const answer: Message = { from: this.#self, counts: [...this.#own] }
    // All have just dropped those of this process when it is the one that is replaced.
    if (index === this.#self.index) this.#peers.tell(this.#topic, answer)
    else this.#peers.tellOne(index, this.#topic, answer)
  }
}

function setAll(counts: Map<string, number>, changed: readonly Count[]): void {
  for (const [key, count] of changed) {
    if (count === 0) counts.delete(key)
    else counts.set(key, count)
  }
}
