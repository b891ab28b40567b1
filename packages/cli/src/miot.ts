/** `miot`: the only file that reads the process’s arguments and environment. */

import { reportError } from './errors/report-error.ts'
import { keepPlaintextHere } from './network/proxy.ts'
import { keepBetterAuthToOptions } from './people/better-auth-environment.ts'
import { createProgram } from './program.ts'
import { wantsJson } from './terminal/output.ts'

// Files that Node writes itself, such as reports and heap snapshots, are private too.
process.umask(0o077)

// By default, Node opens a debugger port to every program on this machine.
process.on('SIGUSR1', () => {})

keepPlaintextHere(process.env)
keepBetterAuthToOptions(process.env)

const json = wantsJson(process.argv, process.stdout.isTTY)

try {
  await createProgram(process.env, json).parseAsync(process.argv)
} catch (error) {
  process.exitCode = await reportError(error, json)
}
