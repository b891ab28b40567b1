/**
 * `npm run faults [-- NAME …] [--quick]`: injects faults, and fails when a guarantee does not hold.
 *
 * Options of a single program follow a second `--`: `npm run faults -- neighbours -- --store
 * sqlite`.
 */

import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { fileOf, PROGRAMS } from './programs.ts'

const given = process.argv.slice(2)
const at = given.includes('--') ? given.indexOf('--') : given.length
const more = given.slice(at + 1)
const { values, positionals } = parseArgs({
  args: given.slice(0, at),
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const names = positionals.length > 0 ? positionals : Object.keys(PROGRAMS)
const unknown = names.find((name) => !Object.hasOwn(PROGRAMS, name))
if (unknown !== undefined) {
  process.stderr.write(`Unknown: ${unknown}. Known: ${Object.keys(PROGRAMS).join(', ')}\n`)
  process.exit(2)
}
const broken = names.filter((name) => {
  process.stdout.write(`\n== ${name}: ${PROGRAMS[name]?.about}\n`)
  const args = [fileOf(name), ...(values.quick ? ['--quick'] : []), ...more]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
})
if (broken.length > 0) process.stderr.write(`\nBroken: ${broken.join(', ')}\n`)
process.exitCode = broken.length > 0 ? 1 : 0
