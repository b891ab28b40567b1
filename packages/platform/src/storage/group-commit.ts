/** Small writes that arrive together share one transaction, and so one fsync. */

import type { DatabaseSync } from 'node:sqlite'
import { atomically } from './atomically.ts'
import { translate } from './sqlite-errors.ts'

/** For a write that is one of many: resolves once it is durable, with what `work` returned. */
export type GroupCommit = <Result>(work: () => Result) => Promise<Result>

interface Write {
  readonly work: () => unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Per transaction; other writes wait until it commits. */
const MAX_WRITES = 256

/**
 * Writes requested in one turn of the event loop happen one after the other, or none of them does:
 * if one fails, the whole group fails. So it suits only writes that fail when the database does.
 */
export function groupCommit(database: DatabaseSync): GroupCommit {
  let waiting: Write[] = []
  const commit = (): void => {
    const group = waiting.slice(0, MAX_WRITES)
    waiting = waiting.slice(MAX_WRITES)
    if (waiting.length > 0) setImmediate(commit)
    try {
      const results = atomically(database, () => group.map(({ work }) => work()))
      for (const [index, { resolve }] of group.entries()) resolve(results[index])
    } catch (error) {
      for (const { reject } of group) reject(translate(error))
    }
  }
  return <Result>(work: () => Result) =>
    new Promise<Result>((resolve, reject) => {
      const write = { work, resolve: resolve as Write['resolve'], reject }
      if (waiting.push(write) === 1) setImmediate(commit)
    })
}
