/** The columns of a CSV file of clients: the options of `miot clients create`. */

import { ENVIRONMENTS, type Environment } from '@modulariot/oauth/protocol'
import { nearest } from '@modulariot/platform/nearest'
import { type AdminError, invalidInput } from '../errors/admin-error.ts'
import type { ClientOptions } from './options.ts'

export type RowOptions = ClientOptions & { readonly environment?: Environment }

/** By column. A new option of `create` is a new row. Empty cells are left out. */
const COLUMNS: Readonly<Record<string, (cell: string) => RowOptions>> = {
  name: (name) => ({ name }),
  external_id: (externalId) => ({ externalId }),
  tags: (cell) => ({ tag: list(cell) }),
  environment: (cell) => ({ environment: choice('environment', cell, ENVIRONMENTS) }),
  audience: (audience) => ({ audience }),
  scopes: (cell) => ({ scope: list(cell) }),
  default_audience: (defaultAudience) => ({ defaultAudience }),
  token_lifetime: (cell) => ({ tokenLifetime: whole('token_lifetime', cell) }),
  jwks_uri: (jwksUri) => ({ jwksUri }),
  assertion_audience: (cell) => ({
    assertionAudience: choice('assertion_audience', cell, ['any', 'issuer'] as const),
  }),
  assertion_jti: (cell) => ({
    assertionJti: choice('assertion_jti', cell, ['required', 'optional'] as const),
  }),
  tokens_per_hour: (cell) => ({ tokensPerHour: whole('tokens_per_hour', cell) }),
  tokens_per_day: (cell) => ({ tokensPerDay: whole('tokens_per_day', cell) }),
  quota_mode: (cell) => ({
    quotaMode: choice('quota_mode', cell, ['observe', 'enforce'] as const),
  }),
  allow: (cell) => ({ allow: list(cell) }),
  allow_mode: (cell) => ({
    allowMode: choice('allow_mode', cell, ['off', 'observe', 'enforce'] as const),
  }),
}

export const COLUMN_NAMES: readonly string[] = Object.keys(COLUMNS)

export interface Columns {
  /** @throws AdminError naming what is wrong with the row. */
  optionsOf(cells: readonly string[]): RowOptions
  externalIdOf(cells: readonly string[]): string | null
}

/**
 * Reads a header: case does not matter, and spaces and hyphens are underscores.
 *
 * @throws AdminError naming the first column that is unknown, repeated or missing.
 */
export function readHeader(header: readonly string[]): Columns {
  const names = header.map((cell) => cell.trim().toLowerCase().replaceAll(/[ -]/g, '_'))
  for (const [index, name] of names.entries()) {
    if (!Object.hasOwn(COLUMNS, name)) throw unknownColumn(header[index] as string, name)
    if (names.indexOf(name) !== index) throw invalidInput(`The column ${name} is repeated`)
  }
  if (!names.includes('name')) throw invalidInput('The header needs a column "name"')
  const optionsOf = (cells: readonly string[]): RowOptions => {
    if (cells.length !== names.length) {
      throw invalidInput(
        `It has ${cells.length} cells, and the header ${names.length}; quote a cell that contains the separator`,
      )
    }
    const options = names.map((name, index) => {
      const cell = cells[index] as string
      return cell === '' ? {} : COLUMNS[name]?.(cell)
    })
    const row: RowOptions = Object.assign({}, ...options)
    if (row.name === undefined) throw invalidInput('The name is missing')
    return row
  }
  const externalIdOf = (cells: readonly string[]): string | null =>
    (cells.length === names.length && cells[names.indexOf('external_id')]) || null
  return { optionsOf, externalIdOf }
}

function unknownColumn(cell: string, name: string): AdminError {
  const known = Object.keys(COLUMNS)
  return invalidInput(
    `Unknown column "${cell}"; did you mean ${nearest(name, known)}? Columns: ${known.join(', ')}`,
  )
}

/** None of the values contains any of these separators. */
function list(cell: string): string[] {
  return cell.split(/[\s,;]+/).filter((word) => word !== '')
}

function whole(column: string, cell: string): number {
  if (/^\d{1,9}$/.test(cell)) return Number(cell)
  throw invalidInput(`${column} must be a whole number`)
}

function choice<Word extends string>(column: string, cell: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === cell)
  if (word === undefined) throw invalidInput(`${column} must be one of ${words.join(', ')}`)
  return word
}
