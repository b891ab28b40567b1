/**
 * Asks before a command destroys something. It asks on a terminal only: a script has no one to
 * answer, and says `--yes`.
 */

import { createInterface } from 'node:readline'
import { CliError } from '../errors/cli-error.ts'
import { writeError } from '../terminal/standard-streams.ts'
import { oneLine } from '../terminal/terminal-text.ts'

export interface ConfirmOptions {
  readonly yes?: true | undefined
}

/** What `--yes` does, for the help of a command. */
export const YES = ['-y, --yes', 'do not ask'] as const

/**
 * Resolves when the answer is yes.
 *
 * @param describe says what will stop, by lines. Called only when the command asks.
 * @throws CliError `failure` when the answer is no.
 */
export type Confirm = (describe: () => Promise<readonly string[]>) => Promise<void>

/**
 * Decides how the command asks, before it does anything.
 *
 * @param piped what happens without a terminal and without `--yes`.
 * @throws CliError usage when it is refused.
 */
export function confirmation({ yes }: ConfirmOptions, piped: 'proceeds' | 'refused'): Confirm {
  if (yes) return async () => {}
  const { stdin, stderr } = process
  if (stdin.isTTY && stderr.isTTY) return async (describe) => ask(await describe())
  if (piped === 'proceeds') return async () => {}
  throw new CliError('usage', 'This cannot be undone: add --yes to run it without a terminal')
}

async function ask(lines: readonly string[]): Promise<void> {
  writeError(`${lines.map(oneLine).join('\n')}\nContinue? [y/N] `)
  if (!/^y(es)?$/i.test(await readAnswer())) throw new CliError('failure', 'Nothing was changed')
}

/** One line; empty at the end of input (Ctrl-D). Ctrl-C ends the process as anywhere else. */
async function readAnswer(): Promise<string> {
  // Without `terminal`, the line is edited by the terminal itself, which also handles Ctrl-C.
  const reader = createInterface({ input: process.stdin, terminal: false })
  const answer = await new Promise<string | null>((resolve) => {
    reader.once('line', resolve)
    reader.once('close', () => resolve(null))
  })
  reader.close()
  if (answer === null) writeError('\n')
  return answer?.trim() ?? ''
}
