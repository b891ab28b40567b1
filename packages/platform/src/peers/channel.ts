/** Messages of one kind between two processes, of which one has started the other. */
export interface Channel {
  /** Copies the message by structured clone. Dropped when the other process has ended. */
  send(message: unknown): void
  /**
   * Messages arrive in the order in which they were sent. @returns a function that stops listening.
   */
  onMessage(heard: (message: unknown) => void): () => void
  /** Called once when the other process can hear nothing more. */
  onClose(closed: () => void): void
}
