/** `npm run bench -- NAME`: measurements, each beside its reference, in one run. */

import { batch } from './batch.ts'
import { bulk } from './bulk.ts'
import { consolePages } from './console.ts'
import { exporting } from './export.ts'
import { fleet } from './fleet.ts'
import { issue } from './issue.ts'
import { listings } from './listings.ts'
import { oauth } from './oauth.ts'
import { queries } from './queries.ts'
import { refusals } from './refusals.ts'
import { rest } from './rest.ts'
import { signer } from './signer.ts'
import { start } from './start.ts'
import { isUsageError } from './support/options.ts'
import { track } from './track.ts'
import { writer } from './writer.ts'

/** A new measurement is a new row. */
const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  issue,
  fleet,
  refusals,
  bulk,
  export: exporting,
  listings,
  console: consolePages,
  oauth,
  track,
  batch,
  queries,
  rest,
  signer,
  start,
  writer,
}

const name = process.argv[2] ?? ''
const bench = BENCHES[name]
if (bench === undefined) {
  refuse(`Choose one: npm run bench -- ${Object.keys(BENCHES).join('|')}`)
} else {
  try {
    await bench()
  } catch (error) {
    if (!isUsageError(error)) throw error
    refuse(error.message)
  }
}

function refuse(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 2
}
