/** Ends work at its own deadline, or only the wait of one caller. */

import type { Clock } from '../transport/clock.ts'
import { TimeoutError } from './token-error.ts'

/**
 * Runs the work, and rejects at the deadline even if the work ignores its signal.
 *
 * @throws TimeoutError, or what the work throws.
 */
export async function withDeadline<Value>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController()
  let cancel = () => {}
  const ended = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => {
      const error = new TimeoutError(`${what} took longer than ${timeoutMs} ms`)
      controller.abort(error)
      reject(error)
    })
  })
  try {
    return await Promise.race([work(controller.signal), ended])
  } finally {
    cancel()
  }
}

/**
 * The same promise for a caller that may stop waiting earlier; the work and its other callers are
 * unaffected.
 */
export function abortable<Value>(
  work: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
