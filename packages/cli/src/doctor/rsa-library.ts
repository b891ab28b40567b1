/**
 * The library that signs RS256 eight at a time: loaded, and asked for known answers; then, whether
 * the server uses it.
 */

import { openRsaLibrary, type RsaLibrary } from '@modulariot/auth'
import { type Check, type CheckContext, ok, type Result, skipped, warn } from './check.ts'
import { readMetricsPage } from './metrics-page.ts'
import { buildInMetrics } from './version.ts'

export const RSA_LIBRARY_CHECKS: readonly Check[] = [
  {
    name: 'RSA library',
    about: 'installation',
    remedy: 'correct MIOT_RSA_LIBRARY',
    run: checkRsaLibrary,
  },
]

async function checkRsaLibrary(context: CheckContext): Promise<Result> {
  const opened = await openRsaLibrary(context.config.rsaLibrary)
  return rsaLibraryResult(opened, await readMetricsPage(context).catch(() => null))
}

/**
 * A library that failed in the server may work here, and one that was installed after its start is
 * not used yet.
 *
 * @param page the server's metrics; null: not known.
 */
export function rsaLibraryResult(opened: RsaLibrary, page: string | null): Result {
  if (opened.library !== null) {
    if (page !== null && isWithout(page)) {
      return warn(
        `${opened.library.about} works, but the running server signs RS256 one at a time; ${opened.path}`,
        "see the server's log, and restart the server",
      )
    }
    return ok(`${opened.library.about} signs RS256 eight at a time; ${opened.path}`)
  }
  if (opened.path === null) return skipped(`${opened.reason}: RS256 is signed one at a time`)
  return warn(
    `${opened.path} cannot be used, and RS256 is signed one at a time (${opened.reason})`,
    'correct it, or set MIOT_RSA_LIBRARY=off',
  )
}

/** A page that is not ours says nothing. */
const isWithout = (page: string): boolean =>
  buildInMetrics(page) !== null && !/^miot_auth_rsa_library_in_use 1$/m.test(page)
