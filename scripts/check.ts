/** The checks of `npm test`, the cheapest first. Stops after the first row with a fault. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'

/** Those of a row run side by side. */
const CHECKS: readonly Readonly<Record<string, readonly string[]>>[] = [
  {
    'format and lint': ['biome', 'ci', '--reporter=summary', '.'],
    'width of comments': ['node', 'scripts/comment-width.ts'],
    imports: ['node', 'scripts/check-imports.ts'],
  },
  {
    types: ['tsc', '--noEmit'],
    'types of the console': ['tsc', '--noEmit', '-p', 'packages/console'],
  },
  {
    console: ['node', 'packages/console/build/build.ts'],
    // Tests run what operators run.
    program: ['node', 'packages/cli/build/build.ts'],
  },
  { tests: ['node', 'scripts/run-tests.ts'] },
]

/** Three times the duration of all tests on two cores. */
const MAX_MS = 30 * 60_000

/** Where each of some thousand processes finds what an earlier one has compiled. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url))

async function passes(name: string, [command = '', ...args]: readonly string[]): Promise<boolean> {
  process.stdout.write(`\n== ${name}\n`)
  const child = spawn(command, args, {
    env: { NODE_COMPILE_CACHE, ...environmentWithoutSettings() },
    stdio: 'inherit',
    timeout: MAX_MS,
    // The test runner then lists the files that were still running.
    killSignal: 'SIGINT',
  })
  const [status] = await once(child, 'exit')
  if (status !== 0) process.stderr.write(`\n${name}: failed\n`)
  return status === 0
}

// Ctrl-C reaches the checks too; what they print then is waited for.
process.on('SIGINT', () => {})

for (const together of CHECKS) {
  const passed = await Promise.all(Object.entries(together).map((check) => passes(...check)))
  if (!passed.every(Boolean)) process.exit(1)
}
