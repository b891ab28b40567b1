/**
 * Calls to something that runs elsewhere: on a thread (`thread.ts`) or in another process
 * (`channel-calls.ts`). `answer-calls.ts` is the other end.
 */

import type { Answer, AnyCalls, CallPort, PortEvents } from './call-port.ts'

export interface CallErrors {
  /** Builds an error from what the other end's `describe` returned. */
  readonly errorOf: (described: never) => Error
  /** The error of calls that get no answer: the caller was closed, or the other end is gone. */
  readonly lost: (why: 'closed' | 'stopped', cause?: unknown) => Error
}

export interface CallerOptions extends CallErrors {
  /** Called for the first call, and for the first after the port has ended. */
  readonly open: (events: PortEvents) => CallPort
}

export interface CallOptions {
  /** Memory that may be transferred instead of copied, and is empty on this side afterwards. */
  readonly moved?: readonly ArrayBuffer[]
  /**
   * When it aborts, the call rejects with its reason, and the other end's signal for the call
   * aborts.
   */
  readonly signal?: AbortSignal | undefined
}

type Pending = PromiseWithResolvers<unknown>

export class Caller<Calls extends AnyCalls> {
  readonly #options: CallerOptions
  readonly #pending = new Map<number, Pending>()
  #port: CallPort | null = null
  #calls = 0
  #closed = false
  #closing: Promise<void> | null = null

  constructor(options: CallerOptions) {
    this.#options = options
  }

  /** @throws what the other end threw, built by `errorOf`; `lost()` when there is no answer. */
  async call<Name extends keyof Calls & string>(
    name: Name,
    args: Parameters<Calls[Name]>,
    { moved = [], signal }: CallOptions = {},
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    if (this.#closed) throw this.#options.lost('closed')
    signal?.throwIfAborted()
    this.#port ??= this.#open()
    const port = this.#port
    const id = this.#calls++
    // Arguments that cannot be cloned throw here, before the call counts as pending.
    port.send({ id, name, args }, moved)
    port.ref()
    const pending = Promise.withResolvers<unknown>()
    this.#pending.set(id, pending)
    const abort = (): void => {
      pending.reject(signal?.reason)
      port.send({ abort: id }, [])
    }
    signal?.addEventListener('abort', abort)
    try {
      return (await pending.promise) as Awaited<ReturnType<Calls[Name]>>
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Refuses new calls, then ends the port once the earlier ones are answered. */
  close(): Promise<void> {
    this.#closed = true
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Refuses new calls and ends the port at once; pending calls are rejected. */
  async terminate(): Promise<void> {
    this.#closed = true
    await this.#port?.terminate()
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#pending.values()].map(({ promise }) => promise))
    await this.#port?.close()
  }

  #open(): CallPort {
    const { open, errorOf, lost } = this.#options
    return open({
      answered: (answer: Answer) => {
        const pending = this.#pending.get(answer.id)
        this.#pending.delete(answer.id)
        if (this.#pending.size === 0) this.#port?.unref()
        if ('result' in answer) pending?.resolve(answer.result)
        else pending?.reject(errorOf(answer.failed as never))
      },
      ended: (cause) => {
        this.#port = null
        const unanswered = [...this.#pending.values()]
        this.#pending.clear()
        for (const { reject } of unanswered) reject(lost('stopped', cause))
      },
    })
  }
}
