/**
 * Where the real `libcrypto_mb` is for tests. Not for the program.
 *
 * `RSA_LIBRARY` names it, such as the file in PyPI's `ipp-crypto` (docs/install.md); otherwise the
 * system's folders are searched. `RSA_LIBRARY=required` demands it there. Without it, tests are
 * skipped with a word.
 */

import { findLibrary } from '../keys/multi-buffer/find-library.ts'
import { openRsaLibrary } from '../keys/multi-buffer/open-rsa-library.ts'

/** @param given the variable `RSA_LIBRARY`. */
export async function rsaLibraryForTests(
  given: string | undefined,
): Promise<{ readonly path: string; readonly skip: false } | { readonly skip: string }> {
  const required = given !== undefined
  const path = given === undefined || given === 'required' ? findLibrary() : given
  const opened = await openRsaLibrary(path ?? 'auto')
  if (opened.library !== null) return { path: opened.path, skip: false }
  const reason = `NO RSA LIBRARY: signing eight at a time is not tested here (${opened.reason}). Set RSA_LIBRARY`
  if (required) throw new Error(reason)
  process.stderr.write(`\n${reason}\n\n`)
  return { skip: reason }
}
