/**
 * The files of a command that prints the encryption key: its program, and the scripts and other
 * files among its words. A user who can change one of them gets the key at the next start.
 */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { assertProgram, UnsafePermissions } from '@modulariot/platform/files'
import type { KeyCommand } from '../config/key-command.ts'
import { CliError } from '../errors/cli-error.ts'

/** A program that is not found passes: starting it fails, and says so. @throws CliError */
export function assertOwnFiles({ setting, words, env }: KeyCommand): void {
  const [program, ...args] = words
  const paths = [programFile(program, env.PATH ?? ''), ...args.map((word) => resolve(word))]
  try {
    for (const path of paths) if (path !== null && isFile(path)) assertProgram(path)
  } catch (error) {
    if (!(error instanceof UnsafePermissions)) throw error
    throw new CliError('failure', `${setting}: ${error.message}`)
  }
}

/** As execvp(3) finds it. */
function programFile(program: string, searched: string): string | null {
  if (program.includes('/')) return resolve(program)
  const candidates = searched.split(delimiter).map((directory) => resolve(join(directory, program)))
  return candidates.find((path) => isFile(path) && isExecutable(path)) ?? null
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
