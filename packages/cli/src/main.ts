/** The entry of `miot`: the only file that reads the process's arguments and environment. */

import { reportError } from './errors/report-error.ts'
import { keepPlaintextHere } from './network/proxy.ts'
import { createProgram } from './program.ts'
import { wantsJson } from './terminal/output.ts'

// Whatever Node writes by itself, such as a report or a heap snapshot, is private too.
process.umask(0o077)

// Node would open a debugger to all programs of this machine.
process.on('SIGUSR1', () => {})

keepPlaintextHere(process.env)

const json = wantsJson(process.argv, process.stdout.isTTY)

try {
  await createProgram(process.env, json).parseAsync(process.argv)
} catch (error) {
  process.exitCode = reportError(error, json)
}
