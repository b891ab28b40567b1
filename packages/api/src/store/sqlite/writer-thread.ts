/**
 * The thread that writes. `node:sqlite` is synchronous, and a COMMIT waits for the disk, which on
 * the main thread would delay every login and every other request.
 */

import { workerData } from 'node:worker_threads'
import { openDatabase } from '@modulariot/platform/storage'
import { answerCalls } from '@modulariot/platform/threads'
import type { AppendOutcome } from '../store.ts'
import { SqliteAppend } from './append.ts'
import { createErase, type Erase } from './erase.ts'
import { createMaintain, type Maintain, type MaintenanceStep } from './maintain.ts'
import { type EncodedBatch, mergeAppends } from './merged-appends.ts'
import { describeError } from './thread-errors.ts'
import { tuneForAppends } from './tune.ts'

/** The `workerData` of the thread. */
export interface WriterData {
  readonly path: string
  readonly maxPages?: number
}

/** Calls run in order. Batches that arrive together are written in one transaction. */
export type WriterCalls = {
  append: (batch: EncodedBatch) => Promise<AppendOutcome[]>
  maintain: (...args: Parameters<Maintain>) => Promise<MaintenanceStep>
  setRetention: (org_id: string, days: number | null) => Promise<void>
  beginErasure: (...args: Parameters<Erase['begin']>) => Promise<boolean>
  erase: () => Promise<MaintenanceStep>
  compact: (...args: Parameters<Erase['compact']>) => Promise<boolean>
}

const { path, maxPages } = workerData as WriterData
const database = openDatabase(path)
if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`)
tuneForAppends(database)
const setDays = database.prepare(
  'INSERT INTO retention VALUES (?1, ?2) ON CONFLICT (org_id) DO UPDATE SET days = excluded.days',
)
const unsetDays = database.prepare('DELETE FROM retention WHERE org_id = ?')

const appender = new SqliteAppend(database)
const maintain = createMaintain(database)
const erase = createErase(database)

/** SQLITE_FULL */
const FULL = 13
const MAKE_ROOM_EVERY_MS = 1000
let madeRoomAt = Number.NEGATIVE_INFINITY

/**
 * Checkpoints the log so that its space can be reused. On a full disk the log cannot grow to the
 * size that triggers an automatic checkpoint.
 */
function makeRoom(error: unknown): void {
  if (!(error instanceof Error && 'errcode' in error && error.errcode === FULL)) return
  if (performance.now() - madeRoomAt < MAKE_ROOM_EVERY_MS) return
  madeRoomAt = performance.now()
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // The checkpoint itself may need a larger file.
  }
}

const appends = mergeAppends((observations) => appender.append(observations))

/** Runs `step` after the batches that have arrived before it, and after their answers. */
async function afterAppends<Result>(step: () => Result): Promise<Result> {
  appends.flush()
  await null
  return step()
}

answerCalls<WriterCalls>(
  {
    append: (batch) => appends.add(batch),
    maintain: (nowMs, retentionDays) => afterAppends(() => maintain(nowMs, retentionDays)),
    setRetention: (org_id, days) =>
      afterAppends(() => void (days === null ? unsetDays.run(org_id) : setDays.run(org_id, days))),
    beginErasure: (tenant, asset_id) => afterAppends(() => erase.begin(tenant, asset_id)),
    erase: () => afterAppends(() => erase.step()),
    compact: (maxBytes) => afterAppends(() => erase.compact(maxBytes)),
  },
  (error) => {
    makeRoom(error)
    return describeError(error)
  },
  () => database.close(),
)
