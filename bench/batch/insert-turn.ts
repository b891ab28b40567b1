/** One round of the loop of prepared inserts, as a contender among others. */

import { type Child, cpuSeconds, SERVER_CORE, startChild } from '../support/child.ts'
import type { Sample } from '../support/report.ts'
import type { Contender } from '../telemetry/servers.ts'
import type { InsertLoad, InsertResult } from './bare-insert.ts'

export type Inserter = Child<InsertLoad, InsertResult>

/** @param opened the resources to close, the last first. */
export function startInserter(opened: AsyncDisposableStack): Inserter {
  const file = new URL('./bare-insert.ts', import.meta.url)
  const inserter: Inserter = startChild(file, SERVER_CORE)
  opened.defer(() => inserter.stop())
  return inserter
}

/** In an empty database of its own: data in ours would not help. */
export async function insertTurn(
  inserter: Inserter,
  contender: Contender,
  load: Omit<InsertLoad, 'store' | 'where'>,
): Promise<Sample> {
  const where = await contender.emptyPlace()
  // The processes of the database; those of ours are among them, and idle.
  const cpu = cpuSeconds(contender.pids())
  const result = await inserter.send({ ...load, store: contender.store, where })
  const databaseCpu = contender.store === 'postgres' ? cpuSeconds(contender.pids()) - cpu : 0
  return {
    perSecond: result.items / result.elapsedSeconds,
    cpuMicros: ((result.cpuSeconds + databaseCpu) / result.items) * 1e6,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    generatorBusy: Number.NaN,
  }
}
