/** Passes database errors from the store's threads to the callers. */

import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import type { CallErrors } from '@modulariot/platform/threads'
import { type Described, lostMessage } from './relayed-errors.ts'

/** Runs on the thread. */
export function describeError(error: unknown): Described {
  return {
    error: error instanceof Error ? error : new Error(String(error)),
    errcode: error instanceof Error && 'errcode' in error ? error.errcode : undefined,
    unavailable: translate(error) instanceof StoreUnavailable,
  }
}

/** Runs where calls are made. @param name the name of the thread. */
export function errorsOf(name: string): CallErrors {
  return {
    errorOf({ error, errcode, unavailable }: Described) {
      if (errcode !== undefined) Object.assign(error, { errcode })
      return unavailable ? new StoreUnavailable(error.message, { cause: error }) : error
    },
    lost: (why, cause) => new StoreUnavailable(lostMessage(name, why), { cause }),
  }
}
