/**
 * `npm run conformance -- browser`: the browser tests of the console on PostgreSQL. `npm test` runs
 * them on SQLite.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildConsole } from '../../scripts/build-packages.ts'
import { environmentWithoutSettings } from '../support/environment.ts'

buildConsole()
const args = ['--test', '--test-timeout=300000', 'packages/console/test/**/*.browser.test.ts']
const { status } = spawnSync(process.execPath, args, {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  env: { ...environmentWithoutSettings(), CONSOLE_STORE: 'postgres', CONSOLE_BROWSER: 'required' },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
