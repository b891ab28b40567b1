/**
 * Stores reports and runs maintenance at the same time, until it is killed.
 * `move-and-append.ts DATABASE FIRST`, where DATABASE is a file or a `postgres:` URL, and FIRST the
 * first report to store. Prints `stored N` once all reports before N are acknowledged, and `moved`
 * after each round of maintenance.
 */

import { createHash } from 'node:crypto'
import { REPORTS_A_BATCH, reportOf } from './moving-reports.ts'
import { openTelemetryStore } from './open-telemetry-store.ts'

const [database = '', first = '0'] = process.argv.slice(2)
const store = await openTelemetryStore(database)

function print(line: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(`${line}\n`, () => resolve()))
}

async function append(): Promise<never> {
  for (let from = Number(first); ; from += REPORTS_A_BATCH) {
    const batch = Array.from({ length: REPORTS_A_BATCH }, (_, index) => {
      const report = reportOf(from + index)
      const body_digest = createHash('sha256').update(report.payload).digest()
      return { ...report, body_digest }
    })
    await store.append(batch)
    await print(`stored ${from + REPORTS_A_BATCH}`)
  }
}

async function move(): Promise<never> {
  for (;;) {
    await store.maintain(Date.now(), null)
    await print('moved')
  }
}

await Promise.all([append(), move()])
