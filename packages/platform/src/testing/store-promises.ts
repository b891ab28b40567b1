/**
 * What the conformance suites of stores share: an empty store for each test, and handles that are
 * always closed.
 */

import { it } from 'node:test'

interface Closable {
  close(): Promise<void>
}

/** An empty store with a database of its own. */
export interface TestStore<Store> {
  readonly store: Store
  /** Opens another handle on the same data, as another process would. */
  openAnother(): Promise<Store>
  /** Removes the database; all handles are already closed. */
  destroy(): Promise<void>
}

export interface Stores<Store> {
  readonly store: Store
  /** Opens another handle on the same data. */
  openAnother(): Promise<Store>
  /** Closes every handle and opens a new one. */
  reopen(): Promise<Store>
}

/** A test of one promise of the port: its sentence, and the test body. */
export type StorePromise<Store> = (
  sentence: string,
  run: (stores: Stores<Store>) => Promise<void>,
) => void

/** Each test has its own database, so several may wait for the disk at once. */
export const TOGETHER = { concurrency: 4 }

/** Runs each test with an empty store, and closes all its handles afterwards. */
export function promiseOf<Store extends Closable>(
  open: () => Promise<TestStore<Store>>,
): StorePromise<Store> {
  return (sentence, run) => {
    it(sentence, async () => {
      const test = await open()
      let opened = [test.store]
      async function openAnother(): Promise<Store> {
        const another = await test.openAnother()
        opened.push(another)
        return another
      }
      async function closeAll(): Promise<void> {
        const closing = opened
        opened = []
        for (const store of closing) await store.close()
      }
      async function reopen(): Promise<Store> {
        await closeAll()
        return openAnother()
      }
      try {
        await run({ store: test.store, openAnother, reopen })
      } finally {
        await closeAll()
        await test.destroy()
      }
    })
  }
}
