/** Passes database errors from the store's threads to the main thread. */

import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import type { CallErrors } from '@modulariot/platform/threads'

interface Described {
  /** Cloning keeps only the message, stack and cause of an error. */
  readonly error: Error
  /** The SQLite error code, if any. */
  readonly errcode: unknown
  readonly unavailable: boolean
}

/** Runs on the thread. */
export function describeError(error: unknown): Described {
  return {
    error: error instanceof Error ? error : new Error(String(error)),
    errcode: error instanceof Error && 'errcode' in error ? error.errcode : undefined,
    unavailable: translate(error) instanceof StoreUnavailable,
  }
}

/** Runs on the main thread. @param name the name of the thread. */
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
