/** The entry of `miot`: the only file that reads the process's arguments and environment. */

import { createProgram } from './program.ts'
import { reportError } from './report-error.ts'

const json = process.argv.includes('--json')
const program = createProgram(process.env)
if (json) silence(program)

try {
  await program.parseAsync(process.argv)
} catch (error) {
  process.exitCode = reportError(error, json || !process.stdout.isTTY)
}

/** In JSON mode Commander's own complaint is held back: the one JSON object says it. */
function silence(command: typeof program): void {
  command.configureOutput({ writeErr: () => {} })
  for (const child of command.commands) silence(child as typeof program)
}
