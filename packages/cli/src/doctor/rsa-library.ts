/** The library that signs RS256 eight at a time: loaded, and asked for known answers. */

import { openRsaLibrary } from '@modulariot/auth'
import { type Check, type CheckContext, ok, type Result, skipped, warn } from './check.ts'

export const RSA_LIBRARY_CHECKS: readonly Check[] = [
  {
    name: 'RSA library',
    about: 'installation',
    remedy: 'correct MIOT_RSA_LIBRARY',
    run: checkRsaLibrary,
  },
]

async function checkRsaLibrary({ config }: CheckContext): Promise<Result> {
  const opened = await openRsaLibrary(config.rsaLibrary)
  if (opened.library !== null) {
    return ok(`${opened.library.about} signs RS256 eight at a time; ${opened.path}`)
  }
  if (opened.path === null) return skipped(`${opened.reason}: RS256 is signed one at a time`)
  return warn(
    `${opened.path} cannot be used, and RS256 is signed one at a time (${opened.reason})`,
    'correct it, or set MIOT_RSA_LIBRARY=off',
  )
}
