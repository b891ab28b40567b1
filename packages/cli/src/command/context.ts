/** What every command gets: its configuration (parsed on demand), its output and `fetch`. */

import { readMountedFileSync } from '@modulariot/platform/files'
import { type Config, parseConfig } from '../config/parse-config.ts'
import type { Environment } from '../config/read-settings.ts'
import { cacheDirectoryOf } from '../files/token-cache.ts'
import { createOutput, type Output } from '../terminal/output.ts'
import { standardTerminal } from '../terminal/standard-streams.ts'

export interface Context {
  /** @throws ConfigError */
  config(): Config
  readonly output: Output
  readonly fetch: typeof globalThis.fetch
  /** Where commands keep tokens for the next command; null: nowhere. */
  readonly tokenDirectory: string | null
  /** Server whose admin API is used (`--url`); null: the installation on this machine. */
  readonly url: string | null
}

export function createContext(
  env: Environment,
  { json, url }: { json: boolean; url?: string | undefined },
): Context {
  return {
    config: () => parseConfig(env, (path) => readMountedFileSync(path).toString('utf8')),
    output: createOutput(json, (text) => process.stdout.write(text), standardTerminal()),
    fetch: globalThis.fetch,
    tokenDirectory: cacheDirectoryOf(env),
    url: url === undefined ? null : new URL(url).origin,
  }
}
