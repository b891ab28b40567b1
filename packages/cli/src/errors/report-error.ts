/** Reports a failure: a message (or one JSON object) on stderr, and the exit status. */

import { CommanderError } from 'commander'
import { writeError, writeFailure } from '../terminal/standard-streams.ts'
import { jsonText, oneLine } from '../terminal/terminal-text.ts'
import { type CliErrorCode, EXIT, type Faults } from './cli-error.ts'

/** Prints the error and returns the exit status. */
export async function reportError(error: unknown, json: boolean): Promise<number> {
  if (error instanceof CommanderError) {
    // Commander has already printed help or its message, except in JSON mode.
    if (error.exitCode === 0) return 0
    if (json) writeJson('usage', explainUsage(error))
    return EXIT.usage
  }
  const { code, message, errors, lines } = (await import('./to-cli-error.ts')).toCliError(error)
  if (json) writeJson(code, message, errors)
  else writeFailure(lines.map(oneLine).join('\n'))
  return EXIT[code]
}

function explainUsage(error: CommanderError): string {
  if (error.code === 'commander.help') return 'No command given; run miot --help for a list'
  return error.message.replace(/^error: /, '')
}

function writeJson(code: CliErrorCode, message: string, errors: Faults | null = null): void {
  writeError(`${jsonText({ error: { code, message, ...(errors !== null && { errors }) } })}\n`)
}
