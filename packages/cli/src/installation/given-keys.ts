/**
 * The encryption keys of the settings: given as text, or printed by a command that the operator
 * chose (ADR 46).
 *
 * What the command prints is a key, or may contain one: it is in no message. What it writes to
 * standard error is shown when it fails.
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { onInterrupt } from '../command/interruption.ts'
import { IN_A_GROUP, killGroup } from '../command/process-group.ts'
import { type GivenKey, isCommand, type KeyCommand } from '../config/key-command.ts'
import type { Config } from '../config/parse-config.ts'
import { parseEncryptionKey } from '../config/parsers.ts'
import { CliError } from '../errors/cli-error.ts'
import { assertOwnFiles } from './key-program.ts'

const TIMEOUT_MS = 10_000
const MAX_OUTPUT_BYTES = 4096
/** Of standard error, from its end. */
const SHOWN_CHARACTERS = 1000

/** A configuration whose commands have run. */
export interface ConfigWithKeys extends Config {
  readonly encryptionKey: Uint8Array | null
  readonly newEncryptionKey: Uint8Array | null
}

/** Runs the commands. A configuration that has its keys already is returned as it is. */
export async function withKeys(config: Config): Promise<ConfigWithKeys> {
  return {
    ...config,
    encryptionKey: await keyOf(config.encryptionKey),
    newEncryptionKey: await keyOf(config.newEncryptionKey),
  }
}

/** @throws CliError when the command fails. */
export async function keyOf(given: GivenKey): Promise<Uint8Array | null> {
  return isCommand(given) ? runKeyCommand(given) : given
}

/**
 * @throws CliError when it fails, takes too long or prints anything but a key, or when other users
 *   can change its files.
 */
export async function runKeyCommand(
  command: KeyCommand,
  timeoutMs = TIMEOUT_MS,
): Promise<Uint8Array> {
  assertOwnFiles(command)
  const { printed, complaint, fault } = await run(command, timeoutMs)
  if (fault !== null) throw commandError(command, fault, complaint)
  try {
    return parseEncryptionKey(printed.trim())
  } catch (error) {
    const { message } = error as Error
    throw commandError(command, `printed something other than a key, which ${message}`, complaint)
  }
}

function commandError({ setting, words }: KeyCommand, fault: string, complaint: string): CliError {
  const shown = complaint.replace(/\s+/g, ' ').slice(-SHOWN_CHARACTERS).trim()
  const wrote = shown === '' ? '' : ` and wrote “${shown}”`
  return new CliError(
    'failure',
    `${setting}: ${words[0]} ${fault}${wrote}: run it as this user with > /dev/null, and correct it or the setting`,
  )
}

interface Outcome {
  readonly printed: string
  /** The end of what it wrote to standard error. */
  readonly complaint: string
  /** Null: it ended with status 0. */
  readonly fault: string | null
}

async function run(command: KeyCommand, timeoutMs: number): Promise<Outcome> {
  const [program, ...args] = command.words
  let pid: number | undefined
  // A signal for our group does not reach that of the command. Listening starts before the command
  // does: a signal in between would end us and leave it running.
  using _interrupted = onInterrupt((_name, number) => {
    killGroup(pid)
    process.exit(128 + number)
  })
  try {
    const child = spawn(program, args, {
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group, so that programs which the command started are killed with it.
      detached: IN_A_GROUP,
      windowsHide: true,
    })
    pid = child.pid
    return await outcomeOf(child, timeoutMs)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { printed: '', complaint: '', fault: `cannot be run (${code})` }
  }
}

/**
 * Resolves when the command has ended, or was killed; never later than after `timeoutMs`.
 *
 * @throws Error with a code when it could not be started.
 */
function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  timeoutMs: number,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let printed = ''
    let complaint = ''
    const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs)
    function end(fault: string | null): void {
      clearTimeout(timer)
      resolve({ printed, complaint, fault })
    }
    function stop(fault: string): void {
      killGroup(child.pid)
      child.stdout.destroy()
      child.stderr.destroy()
      // One that even SIGKILL does not end must not keep our process.
      child.unref()
      end(fault)
    }
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      printed += text
      if (printed.length > MAX_OUTPUT_BYTES) stop(`printed more than ${MAX_OUTPUT_BYTES} bytes`)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = `${complaint}${text}`.slice(-MAX_OUTPUT_BYTES)
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (status, signal) => {
      if (status === 0) end(null)
      else end(status === null ? `was killed (${signal})` : `ended with status ${status}`)
    })
  })
}
