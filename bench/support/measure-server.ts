/** One round of a contender: the load, and its cost to the contender. */

import { type Child, cpuSeconds } from './child.ts'
import type { Load, LoadResult } from './load.ts'
import type { Sample } from './report.ts'

export type Generator = Child<Load, LoadResult>

/**
 * @param pids of the contender: read before and after, since a database's processes come and go.
 * @param unit how many units a request contains.
 */
export async function measureServer(
  generator: Generator,
  pids: () => readonly number[],
  load: Load,
  unit = 1,
): Promise<{ readonly result: LoadResult; readonly sample: Sample }> {
  const cpu = cpuSeconds(pids())
  const result = await generator.send(load)
  const { answers, elapsedSeconds, p50Ms, p99Ms, generatorBusy } = result
  const done = answers * unit
  const cpuMicros = ((cpuSeconds(pids()) - cpu) / done) * 1e6
  return {
    result,
    sample: { perSecond: done / elapsedSeconds, cpuMicros, p50Ms, p99Ms, generatorBusy },
  }
}
