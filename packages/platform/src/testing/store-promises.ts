/**
 * What the conformance suites of stores share: tests with an empty store each, and handles that get
 * closed.
 */

import { it } from 'node:test'

interface Closable {
  close(): Promise<void>
}

/** An empty store in a place of its own. */
export interface StorePlace<Store> {
  readonly store: Store
  /** Another handle on the same data; stands for another process. */
  openAnother(): Promise<Store>
  /** Removes the place; the handles have been closed. */
  destroy(): Promise<void>
}

export interface Stores<Store> {
  readonly store: Store
  /** Another handle on the same data. */
  openAnother(): Promise<Store>
  /** Closes every handle and opens a new one. */
  reopen(): Promise<Store>
}

/** A test of what the port promises: its sentence, and how to see it kept. */
export type StorePromise<Store> = (
  sentence: string,
  run: (stores: Stores<Store>) => Promise<void>,
) => void

/** Each test has a place of its own, so several may wait for the disk at once. */
export const TOGETHER = { concurrency: 4 }

/** Tests with an empty store each, all of whose handles are closed afterwards. */
export function promiseOf<Store extends Closable>(
  open: () => Promise<StorePlace<Store>>,
): StorePromise<Store> {
  return (sentence, run) => {
    it(sentence, async () => {
      const place = await open()
      let opened = [place.store]
      async function openAnother(): Promise<Store> {
        const another = await place.openAnother()
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
        await run({ store: place.store, openAnother, reopen })
      } finally {
        await closeAll()
        await place.destroy()
      }
    })
  }
}
