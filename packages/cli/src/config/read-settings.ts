/**
 * Reads setting values from an environment, as `X` or `X_FILE`, and refuses unknown names. Pure.
 */

import { settingText } from '@modulariot/oauth/client'
import { nearest } from '@modulariot/platform/nearest'
import { serviceLinks } from './service-links.ts'
import { SETTING_NAMES, type SettingName } from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that is wrong with the settings, one line per fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

export type Values = Readonly<Partial<Record<SettingName, string>>>

/**
 * The settings that are set; an empty one counts as not set, and so do service links.
 *
 * @param readFile reads the UTF-8 file named by `X_FILE`.
 * @throws ConfigError with every fault: unknown names, `X` beside `X_FILE`, unreadable files.
 */
export function readSettings(env: Environment, readFile: (path: string) => string): Values {
  const faults: string[] = []
  const values: Partial<Record<SettingName, string>> = {}
  const known = new Set<string>(SETTING_NAMES.flatMap((name) => [name, `${name}_FILE`]))
  const links = serviceLinks(env)
  for (const name of Object.keys(env)) {
    if (!name.startsWith('MIOT_') || known.has(name) || links.has(name)) continue
    faults.push(unknownName(name, known))
  }
  for (const name of SETTING_NAMES) {
    const value = links.has(name) ? undefined : env[name]
    const file = env[`${name}_FILE`]
    if (value && file) faults.push(`${name} and ${name}_FILE are both set; set one of them`)
    else if (value) values[name] = value
    else if (file) {
      try {
        values[name] = settingText(readFile(file))
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        const why = code === undefined ? message : `cannot read ${file} (${code})`
        faults.push(`${name}_FILE: ${why}`)
      }
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return values
}

function unknownName(name: string, known: ReadonlySet<string>): string {
  return `${name} is not a setting; did you mean ${nearest(name, known)}?`
}
