/**
 * `miot doctor`: checks the installation on this machine and its server, or the server of `--url`.
 * One line per check, with what to do when it fails. Migrates nothing.
 */

import type { Context } from '../command/context.ts'
import { EXIT } from '../errors/cli-error.ts'
import { type ConfigWithKeys, withKeys } from '../installation/given-keys.ts'
import type { Line } from '../terminal/output.ts'
import { type Check, type Finding, findingOf, type Level, ok, skipped } from './check.ts'
import { FILE_CHECKS } from './files.ts'
import { RSA_LIBRARY_CHECKS } from './rsa-library.ts'
import { SERVER_CHECKS } from './server.ts'
import { SIGNER_CHECKS } from './signer.ts'
import { STORE_CHECKS } from './store.ts'
import { VERSION_CHECK } from './version.ts'

/** In the order of what depends on what. A new check is a new row in its room. */
const CHECKS: readonly Check[] = [
  VERSION_CHECK,
  {
    name: 'settings',
    about: 'installation',
    remedy: 'correct the settings',
    run: async ({ config }) => ok(`issuer ${config.issuer}`),
  },
  ...FILE_CHECKS,
  ...STORE_CHECKS,
  ...SIGNER_CHECKS,
  ...RSA_LIBRARY_CHECKS,
  ...SERVER_CHECKS,
]

const NAMES: Readonly<Record<Level, string>> = {
  ok: 'ok',
  warn: 'warn',
  fault: 'FAULT',
  skipped: 'skipped',
}

export interface DoctorOptions {
  /** A backup, or a directory of several, to check too. */
  readonly backup?: string
}

export async function doctor(context: Context, { backup }: DoctorOptions): Promise<void> {
  const config = context.config()
  const remote = context.url !== null
  let known: Promise<ConfigWithKeys> | undefined
  const checked = {
    config,
    withKeys: () => {
      known ??= withKeys(config)
      return known
    },
    fetch: context.fetch,
    url: context.url ?? config.issuer,
    remote,
    backup: backup ?? null,
  }
  const findings: Finding[] = []
  for (const check of CHECKS) {
    const elsewhere = remote && check.about === 'installation'
    const found = elsewhere
      ? { check: check.name, ok: true, ...skipped('--url checks a server elsewhere') }
      : await findingOf(check, checked)
    findings.push(found)
  }
  const healthy = findings.every((finding) => finding.ok)
  context.output.print({ healthy, findings }, () => linesOf(findings))
  if (!healthy) process.exitCode = EXIT.doctor
}

/** Its own table: the results are sentences that wrap, and names of checks are never shortened. */
function linesOf(findings: readonly Finding[]): Line[] {
  const names = Math.max(...findings.map(({ check }) => check.length))
  const lineOf = (level: string, check: string, result: string) =>
    `${level.padEnd(NAMES.skipped.length)}  ${check.padEnd(names)}  ${result}`
  const lines = findings.map(({ level, check, detail, remedy }): Line => {
    const result = remedy === null ? detail : `${detail}: ${remedy}`
    const line = lineOf(NAMES[level], check, result)
    return level === 'fault' ? { heading: line } : line
  })
  return [{ heading: lineOf('', 'CHECK', 'RESULT') }, ...lines]
}
