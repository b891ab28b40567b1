/** The checks of `npm test`, the cheapest first. Stops at the first fault. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'

const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ['format and lint', ['biome', 'ci', '--reporter=summary', '.']],
  ['width of comments', ['node', 'scripts/comment-width.ts']],
  ['types', ['tsc', '--noEmit']],
  ['types of the console', ['tsc', '--noEmit', '-p', 'packages/console']],
  ['imports', ['node', 'scripts/check-imports.ts']],
  ['console', ['node', 'packages/console/build/build.ts']],
  // Tests run what operators run.
  ['program', ['node', 'packages/cli/build/build.ts']],
  ['tests', ['node', 'scripts/run-tests.ts']],
]

/** Three times the duration of all tests on two cores. */
const MAX_MS = 30 * 60_000

/** Where each of some thousand processes finds what an earlier one has compiled. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url))

for (const [name, [command, ...args]] of CHECKS) {
  process.stdout.write(`\n== ${name}\n`)
  const { status } = spawnSync(command as string, args, {
    env: { NODE_COMPILE_CACHE, ...environmentWithoutSettings() },
    stdio: 'inherit',
    timeout: MAX_MS,
    // The test runner then lists the files that were still running.
    killSignal: 'SIGINT',
  })
  if (status !== 0) {
    process.stderr.write(`\n${name}: failed\n`)
    process.exit(1)
  }
}
