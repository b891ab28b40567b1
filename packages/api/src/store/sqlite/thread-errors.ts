/** How errors of the database cross from the threads that use it to the main thread. */

import { StoreUnavailable, translate } from '@modulariot/platform/storage'
import type { ThreadOptions } from '@modulariot/platform/threads'

interface Described {
  /** Of an error, only its message, stack and cause are cloned. */
  readonly error: Error
  /** SQLite's own code, where it has one. */
  readonly errcode: unknown
  readonly unavailable: boolean
}

/** On the thread. */
export function describe(error: unknown): Described {
  return {
    error: error instanceof Error ? error : new Error(String(error)),
    errcode: error instanceof Error && 'errcode' in error ? error.errcode : undefined,
    unavailable: translate(error) instanceof StoreUnavailable,
  }
}

/** On the main thread. @param name of the thread. */
export function errorsOf(name: string): Pick<ThreadOptions, 'errorOf' | 'lost'> {
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
