/** The directory that `miot restore` works in, inside the one that it restores. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'

const NAME = 'restore-unfinished'

export const unfinishedIn = (directory: string): string => join(directory, NAME)

/** Directories with files of the installation; one, unless `MIOT_DATABASE_URL` names another. */
export function directoriesOf(config: { dataDir: string; database: Database }): string[] {
  const { dataDir, database } = config
  return [...new Set([dataDir, ...(database.kind === 'sqlite' ? [database.directory] : [])])]
}

/**
 * Called before an installation is opened or created: half of one may be there.
 *
 * @throws CliError while a restore runs, or after one was killed.
 */
export function assertNoUnfinishedRestore(config: { dataDir: string; database: Database }): void {
  for (const directory of directoriesOf(config)) {
    if (existsSync(unfinishedIn(directory))) throw unfinishedRestore(directory)
  }
}

export function unfinishedRestore(directory: string): CliError {
  return new CliError(
    'failure',
    `${directory} holds a restore that runs, or was interrupted. If none runs, remove everything in it, ` +
      'which miot restore put there, and run miot restore again',
  )
}
