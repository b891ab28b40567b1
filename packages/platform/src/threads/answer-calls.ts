/** The worker's end of a `Thread`: runs the calls and posts one answer for each. */

import { parentPort } from 'node:worker_threads'

// biome-ignore lint/suspicious/noExplicitAny: the calls of all threads have no other type in common.
export type AnyCalls = { readonly [name: string]: (...args: any[]) => unknown }

/** From the calling thread. */
export type Message =
  | { readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly abort: number }
  | 'close'

/** From the worker. */
export type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly failed: unknown }
)

/** A result whose memory is partly transferred instead of copied. */
export class Moving<Result> {
  readonly result: Result
  readonly memory: ArrayBuffer[]

  constructor(result: Result, memory: ArrayBuffer[]) {
    this.result = result
    this.memory = memory
  }
}

/**
 * What the worker implements of `Calls`: each call also gets a signal that aborts when the caller
 * no longer waits.
 */
export type Implementation<Calls extends AnyCalls> = {
  readonly [Name in keyof Calls]: (
    ...args: [...Parameters<Calls[Name]>, signal: AbortSignal]
  ) => ReturnType<Calls[Name]> | Moving<Awaited<ReturnType<Calls[Name]>>>
}

/**
 * Calls that return synchronously are answered in the order in which they arrived.
 *
 * @param describe turns an error into a value that can be cloned.
 * @param close runs once every call is answered, before the worker ends.
 */
export function answerCalls<Calls extends AnyCalls>(
  calls: Implementation<Calls>,
  describe: (error: unknown) => unknown,
  close: () => void = () => {},
): void {
  const port = parentPort
  if (port === null) throw new Error('this module must run as a worker thread')
  const underWay = new Map<number, AbortController>()
  let closing = false

  function answered(answer: Answer, memory: ArrayBuffer[] = []): void {
    underWay.delete(answer.id)
    port?.postMessage(answer, memory)
    if (closing) closeIfIdle()
  }

  function succeeded(id: number, result: unknown): void {
    if (result instanceof Moving) answered({ id, result: result.result }, result.memory)
    else answered({ id, result })
  }

  function run(id: number, name: string, args: readonly unknown[]): void {
    const controller = new AbortController()
    underWay.set(id, controller)
    const failed = (error: unknown): void => {
      try {
        answered({ id, failed: describe(error) })
      } catch {
        // Its cause, for example, may be something that cannot be cloned.
        answered({ id, failed: describe(new Error(String(error))) })
      }
    }
    try {
      const call = calls[name] as (...args: unknown[]) => unknown
      const result = call(...args, controller.signal)
      if (result instanceof Promise) result.then((value) => succeeded(id, value)).catch(failed)
      else succeeded(id, result)
    } catch (error) {
      failed(error)
    }
  }

  function closeIfIdle(): void {
    if (underWay.size > 0) return
    close()
    port?.close()
  }

  port.on('message', (message: Message) => {
    if (message === 'close') {
      closing = true
      closeIfIdle()
    } else if ('abort' in message) underWay.get(message.abort)?.abort()
    else run(message.id, message.name, message.args)
  })
}
