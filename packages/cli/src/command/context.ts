/** What every command gets: its configuration when it asks, its output, the way to the network. */

import { readMountedFileSync } from '@modulariot/platform/files'
import { type Config, parseConfig } from '../config/parse-config.ts'
import type { Environment } from '../config/read-settings.ts'
import { createOutput, type Output } from '../terminal/output.ts'

export interface Context {
  /** @throws ConfigError */
  config(): Config
  readonly output: Output
  readonly fetch: typeof globalThis.fetch
  /** Whose admin API to use (`--url`); null: the installation on this box. */
  readonly url: string | null
}

export function createContext(
  env: Environment,
  { json, url }: { json: boolean; url?: string | undefined },
): Context {
  return {
    config: () => parseConfig(env, (path) => readMountedFileSync(path).toString('utf8')),
    output: createOutput(json, (text) => process.stdout.write(text)),
    fetch: globalThis.fetch,
    url: url === undefined ? null : new URL(url).origin,
  }
}
