/**
 * The equal processes that one `miot serve` runs, seen from one of them. What has to hold for all
 * together, such as a budget of failures, is told to the others.
 */

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
}
