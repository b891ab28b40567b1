/** Gives a finished file its name, without replacing a file that has appeared there. */

import { closeSync, linkSync, openSync, renameSync, rmSync } from 'node:fs'
import { CliError } from '../errors/cli-error.ts'
import { NO_HARD_LINKS } from './private-file.ts'

/** What a finished file is called until it has its name. */
export const PARTIAL = '.partial'

/**
 * @param temporary ends with `PARTIAL`.
 * @throws CliError failure when there is a file of this name now; the finished one then stays
 *   beside it, under the name that the message contains.
 */
export function publishFile(temporary: string, path: string): void {
  try {
    linkOrMove(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const kept = temporary.slice(0, -PARTIAL.length)
    renameSync(temporary, kept)
    throw new CliError('failure', `${path} exists by now and was not replaced: see ${kept}`)
  }
}

function linkOrMove(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
    rmSync(temporary)
  } catch (error) {
    if (!NO_HARD_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    // The empty file is ours, so the next line replaces nothing else.
    closeSync(openSync(path, 'wx', 0o600))
    renameSync(temporary, path)
  }
}
