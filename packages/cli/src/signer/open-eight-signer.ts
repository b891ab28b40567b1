/** Opens the library that signs RS256 eight at a time, and says so in the log. */

import { EightSigner, openRsaLibrary } from '@modulariot/auth'
import type { Logger } from '@modulariot/platform/logging'
import type { Config } from '../config/parse-config.ts'

const ALONE = 'RS256 is signed one at a time'

/**
 * A library that cannot be used does not prevent the start: the servers of a fleet may share their
 * settings and not their processors.
 *
 * @returns null: there is one that cannot be used; undefined: there is none.
 */
export async function openEightSigner(
  { rsaLibrary: setting }: Pick<Config, 'rsaLibrary'>,
  logger: Logger,
): Promise<EightSigner | null | undefined> {
  const opened = await openRsaLibrary(setting)
  const { library, path } = opened
  if (library !== null) {
    logger.info({ library: library.about, path }, 'RS256 is signed eight at a time')
    const onFault = (fault: string): void =>
      logger.error({ path, fault }, `${ALONE} from now on: the library for it failed`)
    return new EightSigner(library, { onFault })
  }
  if (path === null) return undefined
  logger.warn({ path, reason: opened.reason }, `${ALONE}: the library for it cannot be used`)
  return null
}
