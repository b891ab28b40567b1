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
const { values, positionals } = optionsOrUsage()
const names = positionals.length > 0 ? positionals : Object.keys(PROGRAMS)
const unknown = names.find((name) => !Object.hasOwn(PROGRAMS, name))
if (unknown !== undefined) {
  process.stderr.write(`Unknown: ${unknown}. Known: ${Object.keys(PROGRAMS).join(', ')}\n`)
  process.exit(2)
}
const broken = names.filter((name) => {
  process.stdout.write(`\n== ${name}: ${PROGRAMS[name]}\n`)
  const args = [fileOf(name), ...(values.quick ? ['--quick'] : []), ...more]
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0
})
if (broken.length > 0) process.stderr.write(`\nBroken: ${broken.join(', ')}\n`)
process.exitCode = broken.length > 0 ? 1 : 0

/** Ends the process with the usage for `--help` (status 0) and for an unknown option (2). */
function optionsOrUsage() {
  try {
    const parsed = parseArgs({
      args: given.slice(0, at),
      options: {
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    })
    if (!parsed.values.help) return parsed
    process.stdout.write(usage())
    return process.exit(0)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage()}`)
    return process.exit(2)
  }
}

function usage(): string {
  const programs = Object.entries(PROGRAMS).map(([name, about]) => `  ${name}: ${about}`)
  return `Usage: npm run faults -- [NAME …] [--quick] [-- OPTION …]\n\n${programs.join('\n')}\n`
}
