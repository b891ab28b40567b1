/** What a setting is: a row of a table. */

interface Row {
  readonly name: `MIOT_${string}`
  /** @throws Error whose message continues the name. */
  readonly parse: (text: string) => unknown
  /** For `docs/configuration.md`. */
  readonly about: string
}

/**
 * A setting that is not set has its `default`, which goes through `parse` like any other text, or
 * null without one. `unset` describes the effect of null in the documentation.
 */
export type Setting =
  | (Row & { readonly default: string; readonly unset?: never })
  | (Row & { readonly unset: string; readonly default?: never })

export type SettingTable = Readonly<Record<string, Setting>>

/** The parsed values of a table, by field. */
export type Parsed<Table extends SettingTable> = {
  readonly [Field in keyof Table]:
    | ReturnType<Table[Field]['parse']>
    | (Table[Field] extends { readonly default: string } ? never : null)
}
