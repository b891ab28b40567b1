/**
 * Programs of other languages: whether this machine can build them, and commands with a deadline.
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { environmentWithoutSettings } from './environment.ts'

export interface Toolchain {
  readonly name: string
  /** A shell command that succeeds where everything is installed. */
  readonly check: string
  /** What to install where it does not. */
  readonly needs: string
}

const CHECK_TIMEOUT_MS = 60_000
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024

/** The reason to skip what needs this toolchain, also written to stderr; false if it is there. */
export async function whatIsMissing({ name, check, needs }: Toolchain): Promise<string | false> {
  try {
    await shell(check, { timeout: CHECK_TIMEOUT_MS })
    return false
  } catch {
    const reason = `${name} IS NOT TESTED HERE: install ${needs}`
    process.stderr.write(`${reason}\n`)
    return reason
  }
}

/** @throws an error whose message has what the command complained about. */
export async function shell(command: string, options: { cwd?: string; timeout: number }) {
  await promisify(execFile)('sh', ['-ec', command], {
    ...options,
    env: environmentWithoutSettings(),
    killSignal: 'SIGKILL',
    maxBuffer: MAX_OUTPUT_BYTES,
  })
}
