/**
 * The thread that writes. `node:sqlite` is synchronous, and a COMMIT waits for the disk: on the main
 * thread every login and every other request would wait with it.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase, StoreUnavailable, translate } from '@modulariot/platform/storage'
import { createAppend } from './append.ts'
import { createSweep } from './sweep.ts'

/** The parent sends calls and gets one answer for each, in order. */
export type WriterAnswer =
  | { readonly result: unknown }
  | { readonly failed: { readonly message: string; readonly unavailable: boolean } }

/** What the thread is started with. */
export interface WriterData {
  readonly path: string
  readonly maxPages?: number
}

/** What can be asked for. */
export interface WriterCalls {
  append: ReturnType<typeof createAppend>
  sweep: ReturnType<typeof createSweep>
  setRetention: (org_id: string, days: number | null) => void
}

export type WriterCall<Name extends keyof WriterCalls = keyof WriterCalls> = readonly [
  name: Name,
  ...args: Parameters<WriterCalls[Name]>,
]

const port = parentPort
if (port === null) throw new Error('writer-thread.ts runs as a worker only')

const { path, maxPages } = workerData as WriterData
const database = openDatabase(path)
if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`)
// Every batch touches the last page of each of its series. Those that stay in memory are not read again,
// and a log of 32 MB writes the ones that are touched often back to the file once.
database.exec('PRAGMA cache_size = -32000')
database.exec('PRAGMA wal_autocheckpoint = 8000')
const keep = database.prepare(
  'INSERT INTO retention VALUES (?1, ?2) ON CONFLICT (org_id) DO UPDATE SET days = excluded.days',
)
const forget = database.prepare('DELETE FROM retention WHERE org_id = ?')

const calls: WriterCalls = {
  append: createAppend(database),
  sweep: createSweep(database),
  setRetention: (org_id, days) =>
    void (days === null ? forget.run(org_id) : keep.run(org_id, days)),
}

function answer([name, ...args]: WriterCall): WriterAnswer {
  try {
    return { result: (calls[name] as (...args: unknown[]) => unknown)(...args) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { failed: { message, unavailable: translate(error) instanceof StoreUnavailable } }
  }
}

port.on('message', (call: WriterCall | 'close') => {
  if (call === 'close') {
    database.close()
    port.close()
  } else port.postMessage(answer(call))
})
