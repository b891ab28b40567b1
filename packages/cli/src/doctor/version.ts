/**
 * The version of this program, beside that of the server. A server shows its own to administrators
 * and, on this machine, on its metrics page; to others it would tell which faults it has.
 */

import { boundedText, requestToken } from '@modulariot/oauth/client'
import { commit, version, versionText } from '../command/version.ts'
import { resolveCredentials } from '../network/client-credentials.ts'
import { type Check, type CheckContext, ok, type Result, warn } from './check.ts'
import { readMetricsPage } from './metrics-page.ts'

export const VERSION_CHECK: Check = {
  name: 'version',
  about: 'server',
  remedy: 'install ModularIoT again',
  run: checkVersion,
}

interface Build {
  readonly version: string
  /** Null: not known. */
  readonly commit: string | null
}

async function checkVersion(context: CheckContext): Promise<Result> {
  const find = context.remote ? fromAdminApi : fromMetricsPage
  return versionResult(await find(context).catch(() => null), context.remote)
}

/** @param server null: not known. */
export function versionResult(server: Build | null, remote: boolean): Result {
  const here = `${versionText()}, Node ${process.version}`
  if (server === null) {
    const how = remote ? 'an administrator as MIOT_CLIENT_ID' : 'a metrics page'
    return ok(`${here}; the server's is known only with ${how}`)
  }
  if (isSame(server, { version: version(), commit: commit() })) return ok(`${here}, as the server`)
  return warn(
    `${versionText()} here, but the server runs ${versionText(server)}`,
    'install the same version here, or restart the server if it was installed there',
  )
}

/** A commit that is not known says nothing. */
function isSame(one: Build, other: Build): boolean {
  const isOther = one.commit !== null && other.commit !== null && one.commit !== other.commit
  return one.version === other.version && !isOther
}

const TIMEOUT_MS = 5000
const MAX_BYTES = 1024 ** 2

async function fromMetricsPage(context: CheckContext): Promise<Build | null> {
  return buildInMetrics((await readMetricsPage(context)) ?? '')
}

/** Null: it is not our page. */
export function buildInMetrics(page: string): Build | null {
  const labels = /^miot_build_info\{([^\n]*)\} 1$/m.exec(page)?.[1] ?? ''
  const named = Object.fromEntries(
    [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  )
  const known = named.commit === 'unknown' ? null : named.commit
  return buildOf({ version: named.version, commit: known })
}

async function fromAdminApi({ config, fetch, url }: CheckContext): Promise<Build | null> {
  const audience = `${url}/admin/v1`
  const credentials = resolveCredentials(config, { audience, tokenUrl: `${url}/oauth2/token` })
  const { access_token } = await requestToken(credentials, fetch)
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const headers = { authorization: `Bearer ${access_token}` }
  const answer = await fetch(`${audience}/version`, { headers, redirect: 'error', signal })
  return answer.ok ? buildOf(JSON.parse(await boundedText(answer, MAX_BYTES))) : null
}

/** From outside, so every member may be anything. */
function buildOf({ version: given, commit: hash }: { version?: unknown; commit?: unknown }) {
  if (typeof given !== 'string') return null
  return { version: given, commit: typeof hash === 'string' ? hash : null }
}
