/**
 * Errors of the writer's thread on their way through another process, which passes them on as they
 * were described and needs nothing of a database for that.
 */

import type { CallErrors } from '@modulariot/platform/threads'

/** An error in the form in which it travels (`thread-errors.ts`). */
export interface Described {
  /** Cloning keeps only the message, stack and cause of an error. */
  readonly error: Error
  /** The SQLite error code, if any. */
  readonly errcode: unknown
  readonly unavailable: boolean
}

/** @param name the name of the thread. */
export function lostMessage(name: string, why: 'closed' | 'stopped'): string {
  return why === 'closed' ? 'the store is closed' : `the ${name} stopped`
}

class Relayed extends Error {
  readonly described: Described

  constructor(described: Described) {
    super(described.error.message)
    this.described = described
  }
}

/** For the process between. @param name the name of the thread. */
export function relayedErrorsOf(name: string): CallErrors {
  return {
    errorOf: (described: Described) => new Relayed(described),
    lost: (why, cause) =>
      new Relayed({
        error: new Error(lostMessage(name, why), { cause }),
        errcode: undefined,
        unavailable: true,
      }),
  }
}

export function describeRelayed(error: unknown): Described {
  if (error instanceof Relayed) return error.described
  const fault = error instanceof Error ? error : new Error(String(error))
  return { error: fault, errcode: undefined, unavailable: false }
}
