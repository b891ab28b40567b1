/**
 * Runs several commands in one process: argv[2] is a JSON array of argument lists, argv[3] the
 * settings as JSON. The line `=== n` ends the output of each command.
 */

import { reportError } from '../errors/report-error.ts'
import { createProgram } from '../program.ts'
import { wantsJson } from '../terminal/output.ts'

const [commands, settings] = process.argv.slice(2).map((text) => JSON.parse(text)) as [
  string[][],
  Record<string, string>,
]
// Each program adds listeners, and this process creates many.
process.stdout.setMaxListeners(0)
for (const [index, args] of commands.entries()) {
  const json = wantsJson(args, false)
  try {
    await createProgram(settings, json).parseAsync(['node', 'miot', ...args])
  } catch (error) {
    await reportError(error, json)
  }
  for (const stream of [process.stdout, process.stderr]) stream.write(`=== ${index}\n`)
}
process.exitCode = 0
