/**
 * The equal processes that one `miot serve` runs, seen from one of them. What has to hold for all
 * together, such as a budget of failures, is told to the others.
 */

import type { Inheritable } from './inheritance.ts'

/** Anything that structured clone copies. */
export type PeerMessage = unknown

export interface Peers {
  /** How many processes there are, this one included; at least 1. */
  readonly count: number
  /** Which of them this is, from 0. A process that replaces another has its number. */
  readonly index: number
  /**
   * Sends a message to every other process, in the order of the calls, soon and at most once: a
   * process that ends may miss it.
   *
   * @param topic names who listens.
   */
  tell(topic: string, message: PeerMessage): void
  /** Sends a message to one process only; to this one, it is heard before the call returns. */
  tellOne(index: number, topic: string, message: PeerMessage): void
  /** @returns a function that stops listening. */
  listen(topic: string, heard: (message: PeerMessage) => void): () => void
  /** Says what a process that replaces another gets from this one, and this one from another. */
  inherit<Item>(topic: string, part: Inheritable<Item>): void
  /**
   * Called once by a process that starts, before it serves. Resolves when it has what one that
   * serves knows, or when none gives it in time.
   */
  inherited(): Promise<void>
}
