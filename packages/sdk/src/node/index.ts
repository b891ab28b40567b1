/**
 * For processes with a file system: all of `@modulariot/sdk`, and secrets in files, a spool, an
 * orderly shutdown.
 */

import { readFileSync } from 'node:fs'
import { resolveSecret } from '@modulariot/oauth/node'
import type { Environment } from '../environment.ts'
import {
  fromSettings,
  type ModularIoTOptions,
  type ModularIoT as ModularIoTType,
} from '../modular-iot.ts'

export { NotPrivateError } from '@modulariot/oauth/node'
export * from '../index.ts'
export { type CloseOnExitOptions, closeOnExit } from './close-on-exit.ts'
export { Spool, type SpoolOptions } from './spool.ts'
export { SpoolLockedError } from './spool-lock.ts'
export type { FsyncPolicy } from './spool-writer.ts'

export type ModularIoT = ModularIoTType

export const ModularIoT = {
  /**
   * Reads the environment, and the files that `MIOT_…_FILE` name.
   *
   * @param options override the environment; `client_secret` may be `file:PATH` or `env:NAME`.
   * @throws ConfigError that lists everything missing.
   */
  fromEnv(
    environment: Environment = process.env,
    options: Partial<ModularIoTOptions> = {},
  ): ModularIoTType {
    const { client_secret } = options
    const secret =
      typeof client_secret === 'string' ? { client_secret: resolveSecret(client_secret) } : {}
    return fromSettings(environment, (path) => readFileSync(path, 'utf8'), {
      ...options,
      ...secret,
    })
  },
}
