/** From the setting to a signer, or to a sentence about why there is none. */

import { checkedLibrary, findLibrary, LIBRARY_FILE, SYSTEM_FOLDERS } from './find-library.ts'
import type { MultiBuffer } from './multi-buffer.ts'

/** `off`; `auto`: if the system has it; otherwise an absolute path. */
export type RsaLibrarySetting = 'auto' | 'off' | (string & {})

/** `library` null: RS256 is signed one at a time. */
export type RsaLibrary =
  | { readonly library: MultiBuffer; readonly path: string }
  /** There is none to use: it is off, or the system has none. */
  | { readonly library: null; readonly path: null; readonly reason: string }
  /** There is one, and it cannot be used. */
  | { readonly library: null; readonly path: string; readonly reason: string }

/**
 * Loads the library and checks known answers. Loads nothing where there is none.
 *
 * @param folders for `auto`.
 */
export async function openRsaLibrary(
  setting: RsaLibrarySetting,
  folders: readonly string[] = SYSTEM_FOLDERS,
): Promise<RsaLibrary> {
  if (setting === 'off') return none('MIOT_RSA_LIBRARY is off')
  const path = setting === 'auto' ? findLibrary(folders) : setting
  if (path === null) return none(`${LIBRARY_FILE} is in no library folder of the system`)
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { library: null, path, reason: 'it is for Linux on x86-64 only' }
  }
  try {
    const found = checkedLibrary(path)
    const { openCryptoMb } = await import('./crypto-mb.ts')
    const { faultIn } = await import('./known-answers.ts')
    const library = openCryptoMb(found.path, found.needs)
    const fault = faultIn(library)
    if (fault !== null) return { library: null, path, reason: `known answers: ${fault}` }
    return { library, path }
  } catch (error) {
    return { library: null, path, reason: (error as Error).message }
  }
}

function none(reason: string): RsaLibrary {
  return { library: null, path: null, reason }
}
