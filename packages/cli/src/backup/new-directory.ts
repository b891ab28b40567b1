/**
 * The directory of a backup: written under another name beside it, and renamed once it is complete
 * and on the disk. A backup that was killed is never mistaken for a complete one.
 */

import { lstatSync, mkdtempSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { CliError } from '../errors/cli-error.ts'
import { syncDirectory, withUnfinished } from './durable-files.ts'

/**
 * @param work writes its files into the directory it gets, each synced to the disk.
 * @throws CliError when the directory is not empty, or its parent is none.
 */
export async function writeDirectory<Result>(
  given: string,
  work: (unfinished: string) => Promise<Result>,
): Promise<Result> {
  const path = resolve(given)
  assertNewOrEmpty(path)
  const unfinished = create(path)
  return withUnfinished(unfinished, async () => {
    const result = await work(unfinished)
    syncDirectory(unfinished)
    publish(unfinished, path)
    return result
  })
}

function assertNewOrEmpty(path: string): void {
  const parent = dirname(path)
  const above = statSync(parent, { throwIfNoEntry: false })
  if (above === undefined) {
    throw new CliError('not_found', `${parent} does not exist: create it, or mount its disk`)
  }
  if (!above.isDirectory()) throw new CliError('usage', `${parent} is not a directory`)
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isDirectory()) {
    throw new CliError('usage', `${path} is not a directory: choose a new name`)
  }
  if (stats.dev !== above.dev || parent === path) {
    throw new CliError('usage', `${path} is a mount point: name a new directory in it`)
  }
  if (readdirSync(path).length > 0) {
    throw new CliError('usage', `${path} is not empty: name a new directory for each backup`)
  }
}

function create(path: string): string {
  try {
    return mkdtempSync(`${path}.unfinished-`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(
      'failure',
      `Cannot write to ${dirname(path)} (${code}): choose another place`,
    )
  }
}

function publish(unfinished: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmdirSync(path)
  renameSync(unfinished, path)
  syncDirectory(dirname(path))
}
