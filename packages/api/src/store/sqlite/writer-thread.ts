/**
 * The thread that writes. `node:sqlite` is synchronous, and a COMMIT waits for the disk: on the main
 * thread every login and every other request would wait with it.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase, StoreUnavailable, translate } from '@modulariot/platform/storage'
import type { AppendOutcome, Observation } from '../store.ts'
import { createAppend } from './append.ts'

/** The parent sends batches and gets one answer for each, in order. */
export type WriterAnswer =
  | { readonly outcomes: AppendOutcome[] }
  | { readonly failed: { readonly message: string; readonly unavailable: boolean } }

const port = parentPort
if (port === null) throw new Error('writer-thread.ts runs as a worker only')

const database = openDatabase((workerData as { path: string }).path)
const append = createAppend(database)

function answer(batch: readonly Observation[]): WriterAnswer {
  try {
    return { outcomes: append(batch) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { failed: { message, unavailable: translate(error) instanceof StoreUnavailable } }
  }
}

port.on('message', (batch: readonly Observation[] | 'close') => {
  if (batch === 'close') {
    database.close()
    port.close()
  } else port.postMessage(answer(batch))
})
