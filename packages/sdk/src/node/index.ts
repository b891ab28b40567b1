/** What a process with a file system has more: secrets in files, a spool, an orderly end. */

import { readFileSync } from 'node:fs'
import { type Environment, settingsFrom } from '../environment.ts'
import { createClient, type ModularIoTOptions } from '../modular-iot.ts'

export { type CloseOnExitOptions, closeOnExit } from './close-on-exit.ts'
export { Spool, type SpoolOptions } from './spool.ts'
export { SpoolLockedError } from './spool-lock.ts'
export type { FsyncPolicy } from './spool-writer.ts'

export const ModularIoT = {
  /**
   * Reads the environment, and the files that `MIOT_…_FILE` name.
   *
   * @throws ConfigError that names what is missing.
   */
  fromEnv(environment: Environment = process.env, options: Partial<ModularIoTOptions> = {}) {
    const settings = settingsFrom(environment, (path) => readFileSync(path, 'utf8'))
    return createClient({ ...settings, ...options })
  },
}
