/** What calls and their answers travel through: the port of a thread, or a channel to a process. */

// biome-ignore lint/suspicious/noExplicitAny: the calls of all ports have no other type in common.
export type AnyCalls = { readonly [name: string]: (...args: any[]) => unknown }

/** From the calling side. */
export type Message =
  | { readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly abort: number }
  | 'close'

/** From the answering side. */
export type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly failed: unknown }
)

/** The calling side's end. */
export interface CallPort {
  /**
   * @param moved memory that is transferred to a thread, and copied to a process.
   * @throws when the message cannot be cloned.
   */
  send(message: Message, moved: readonly ArrayBuffer[]): void
  /** Keeps this process alive until `unref`; calls are pending. */
  ref(): void
  unref(): void
  /** No call is pending. Ends a thread, and leaves a process that answers others too. */
  close(): Promise<void>
  /** At once; `ended` is called. */
  terminate(): Promise<void>
}

/** What a `CallPort` reports to the calling side. */
export interface PortEvents {
  readonly answered: (answer: Answer) => void
  /** No further answers arrive. @param cause why, if known. */
  readonly ended: (cause?: unknown) => void
}
