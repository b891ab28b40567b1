/** What a check of `miot doctor` is: a row of a table, and what it finds. */

import { UnsafePermissions } from '@modulariot/platform/files'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { Context } from '../command/context.ts'
import type { Config } from '../config/parse-config.ts'
import { toCliError } from '../errors/to-cli-error.ts'
import type { ConfigWithKeys } from '../installation/given-keys.ts'

/**
 * `fault`: something does not work. `warn`: it will not for long. `skipped`: not checked, and why.
 */
export type Level = 'ok' | 'warn' | 'fault' | 'skipped'

export interface Result {
  readonly level: Level
  readonly detail: string
  /** What to do about a warning or a fault. */
  readonly remedy: string | null
}

export interface Finding extends Result {
  readonly check: string
  /** False for a fault only. */
  readonly ok: boolean
}

export interface CheckContext {
  readonly config: Config
  /** `config` with its keys. Commands that print them run once, however many checks need them. */
  readonly withKeys: () => Promise<ConfigWithKeys>
  readonly fetch: Context['fetch']
  /** Base URL of the server to check. */
  readonly url: string
  /** Whether `--url` names the server. */
  readonly remote: boolean
  /** A backup, or a directory of several, that `--backup` names; null: none. */
  readonly backup: string | null
}

export interface Check {
  readonly name: string
  /** `installation`: looks at this machine, and is skipped for the server of `--url`. */
  readonly about: 'installation' | 'server'
  /** What to do about an error that does not say so itself. */
  readonly remedy: string
  /** @throws Error for a fault; its message may end with the remedy, after a colon. */
  run(context: CheckContext): Promise<Result>
}

export const ok = (detail: string): Result => ({ level: 'ok', detail, remedy: null })
export const skipped = (detail: string): Result => ({ level: 'skipped', detail, remedy: null })
export const warn = (detail: string, remedy: string): Result => ({ level: 'warn', detail, remedy })
export const fault = (detail: string, remedy: string): Result => ({
  level: 'fault',
  detail,
  remedy,
})

export async function findingOf(check: Check, context: CheckContext): Promise<Finding> {
  const result = await check
    .run(context)
    .catch((error: unknown) => faultOf(error, check.remedy, context.config))
  return { check: check.name, ok: result.level !== 'fault', ...result }
}

/** @param remedy for an error that does not bring one. */
export function faultOf(
  error: unknown,
  remedy: string,
  { dataDir }: Pick<Config, 'dataDir'>,
): Result {
  const { code, path } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    const user = process.geteuid?.() ?? 'this user'
    return fault(
      `user ${user} has no permission for ${path ?? dataDir} (${code})`,
      'run miot doctor as the user of miot serve',
    )
  }
  const { code: kind, message } = toCliError(error)
  const isServer = kind === 'network' && !(error instanceof StoreUnavailable)
  if (isServer) return fault(message, 'start miot serve, or see its log')
  const ours = error instanceof UnsafePermissions || OWN_REMEDY.test(message)
  return ours ? splitRemedy(message) : fault(message, remedy)
}

/** Our own messages say what is wrong and then, after the last colon, what to do. */
const OWN_REMEDY =
  /: (set|run|start|restore|create|correct|replace|sync|put|check|use|stop|let|chmod|move|choose|free|install) [^:]*$/

export function splitRemedy(message: string): Result {
  const colon = message.lastIndexOf(': ')
  return fault(message.slice(0, colon), message.slice(colon + 2))
}
