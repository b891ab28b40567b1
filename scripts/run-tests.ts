/**
 * Runs all tests; the files that take longest begin first, so that no core is idle while the last
 * one runs. `node --test` itself runs files in the order of their paths.
 */

import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { spec as Spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

/** A folder's tests take about equally long; those of the first line take minutes. */
const IN_ORDER = [
  ['faults/*.test.ts', 'conformance/{no-secret-in-logs,workers,supervisor}.test.ts'],
  ['scripts/**/*.test.ts', 'examples/**/*.test.ts', 'conformance/**/*.test.ts'],
  ['packages/console/test/**/*.browser.test.ts'],
  ['packages/*/{src,build,test}/**/*.test.ts'],
]

/** For one test. */
const TIMEOUT_MS = 300_000

const cwd = fileURLToPath(new URL('..', import.meta.url))
const files = new Set(IN_ORDER.flatMap((patterns) => patterns.flatMap(found)))

function found(pattern: string): readonly string[] {
  const paths = globSync(pattern, { cwd }).toSorted()
  if (paths.length === 0) throw new Error(`No test is at ${pattern}`)
  return paths
}

// The files that were still running are then listed as cancelled.
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())

run({
  cwd,
  files: [...files],
  // Most tests wait for a server, a disk or a clock: more than there are cores keep them busy.
  concurrency: availableParallelism() + 2,
  timeout: TIMEOUT_MS,
  signal: interrupted.signal,
})
  .on('test:summary', ({ success }) => {
    if (!success) process.exitCode = 1
  })
  .compose(new Spec())
  .pipe(process.stdout)
