/** Passes database errors from the store's threads to those that call them. */

import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import type { CallErrors } from '@modulariot/platform/threads'

interface Described {
  /** Cloning keeps only the message, stack and cause of an error. */
  readonly error: Error
  /** The SQLite error code, if any. */
  readonly errcode: unknown
  readonly unavailable: boolean
}

/**
 * Runs on the thread, and again in a process that passes the error on: so it also describes what
 * `errorOf` has built.
 */
export function describeError(error: unknown): Described {
  const unavailable = translate(error) instanceof StoreUnavailable
  const isWrapped = error instanceof StoreUnavailable && errcodeOf(error.cause) !== undefined
  const original = isWrapped ? error.cause : error
  return {
    error: original instanceof Error ? original : new Error(String(original)),
    errcode: errcodeOf(original),
    unavailable,
  }
}

function errcodeOf(error: unknown): unknown {
  return error instanceof Error && 'errcode' in error ? error.errcode : undefined
}

/** Runs where calls are made. @param name the name of the thread. */
export function errorsOf(name: string): CallErrors {
  return {
    errorOf({ error, errcode, unavailable }: Described) {
      if (errcode !== undefined) Object.assign(error, { errcode })
      return unavailable ? new StoreUnavailable(error.message, { cause: error }) : error
    },
    lost: (why, cause) =>
      why === 'closed'
        ? new StoreUnavailable('the store is closed')
        : new StoreUnavailable(`the ${name} stopped`, { cause }),
  }
}
