/** The other end of a `Caller`: runs the calls and sends one answer for each. */

import { parentPort } from 'node:worker_threads'
import type { Answer, AnyCalls, Message } from './call-port.ts'

/** A result whose memory is partly transferred to another thread; to a process, it is copied. */
export class Moving<Result> {
  readonly result: Result
  readonly memory: ArrayBuffer[]

  constructor(result: Result, memory: ArrayBuffer[]) {
    this.result = result
    this.memory = memory
  }
}

/**
 * What implements `Calls`: each call also gets a signal that aborts when the caller
 * no longer waits.
 */
export type Implementation<Calls extends AnyCalls> = {
  readonly [Name in keyof Calls]: (
    ...args: [...Parameters<Calls[Name]>, signal: AbortSignal]
  ) => ReturnType<Calls[Name]> | Moving<Awaited<ReturnType<Calls[Name]>>>
}

/**
 * Answers the calls of the thread that started this one. Calls that return synchronously are
 * answered in the order in which they arrived.
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
  const answers = createAnswers(calls, describe, (answer, memory) =>
    port.postMessage(answer, memory),
  )
  port.on('message', (message: Message) => {
    // Its caller has the answers to all calls, except aborted ones.
    if (message !== 'close') return answers.heard(message)
    answers.onIdle(() => {
      close()
      port.close()
    })
  })
}

export interface Answers {
  /** Runs a call, or aborts one. */
  heard(message: Exclude<Message, 'close'>): void
  /** Calls `idle` once no call is under way. */
  onIdle(idle: () => void): void
  abortAll(): void
}

/** @param send throws when the answer cannot be cloned. */
export function createAnswers<Calls extends AnyCalls>(
  calls: Implementation<Calls>,
  describe: (error: unknown) => unknown,
  send: (answer: Answer, memory: ArrayBuffer[]) => void,
): Answers {
  const underWay = new Map<number, AbortController>()
  let idle: (() => void) | null = null

  function answered(answer: Answer, memory: ArrayBuffer[] = []): void {
    underWay.delete(answer.id)
    send(answer, memory)
    if (underWay.size === 0) idle?.()
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

  return {
    heard(message) {
      if ('abort' in message) underWay.get(message.abort)?.abort()
      else run(message.id, message.name, message.args)
    },
    onIdle(whenIdle) {
      idle = whenIdle
      if (underWay.size === 0) idle()
    },
    abortAll() {
      for (const controller of underWay.values()) controller.abort()
    },
  }
}
