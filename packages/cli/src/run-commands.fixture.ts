/** Runs several commands in one process: argv[2] is a JSON array of argument lists. A line `=== n` ends each. */

import { wantsJson } from './output.ts'
import { createProgram } from './program.ts'
import { reportError } from './report-error.ts'

const commands = JSON.parse(process.argv[2] ?? '[]') as string[][]
// Each program adds its listeners, and there are many here.
process.stdout.setMaxListeners(0)
for (const [index, args] of commands.entries()) {
  const json = wantsJson(args, false)
  try {
    await createProgram(process.env, json).parseAsync(['node', 'miot', ...args])
  } catch (error) {
    reportError(error, json)
  }
  for (const stream of [process.stdout, process.stderr]) stream.write(`=== ${index}\n`)
}
process.exitCode = 0
