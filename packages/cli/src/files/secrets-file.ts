/**
 * A new file of secrets that is written line by line, while the server creates them: each line is
 * on disk before the next request is sent.
 */

import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { CliError } from '../errors/cli-error.ts'

export interface SecretsFile {
  /** @throws the error of the file system; the line may then be there in part. */
  append(text: string): void
  /** @throws the same. */
  sync(): void
  /** Removes a file to which nothing was appended, so that its name can be used again. */
  close(): void
}

/**
 * Readable by its owner only.
 *
 * @param header first line.
 * @throws CliError when the file exists (its secrets would be lost) or cannot be created.
 */
export function createSecretsFile(path: string, header: string): SecretsFile {
  const file = openNew(path)
  let isEmpty = true
  const write = (text: string): void => {
    const bytes = Buffer.from(text)
    // A full disk may take a part of it.
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
  }
  try {
    write(header)
    fsyncSync(file)
  } catch (error) {
    closeSync(file)
    rmSync(path, { force: true })
    throw cannotWrite(path, error)
  }
  return {
    append(text) {
      isEmpty = false
      write(text)
    },
    sync: () => fsyncSync(file),
    close() {
      closeSync(file)
      if (isEmpty) rmSync(path, { force: true })
    },
  }
}

function openNew(path: string): number {
  if (path === '-') {
    throw new CliError('usage', 'The file for the secrets needs a name; leave it out to print them')
  }
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, error)
    throw new CliError('usage', `${path} exists and is not overwritten: choose another name`)
  }
}

function cannotWrite(path: string, error: unknown): CliError {
  return new CliError('usage', `Cannot write ${path} (${(error as NodeJS.ErrnoException).code})`)
}
