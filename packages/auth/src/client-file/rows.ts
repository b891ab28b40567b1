/** The clients in a file, CSV with a header or one JSON object per line, each with its line. */

import type { Environment } from '@modulariot/oauth/protocol'
import { fileLines } from '@modulariot/platform/file-lines'
import { trimJson } from '@modulariot/platform/json-array'
import { withoutBom } from '@modulariot/platform/unique-json'
import { utf8Fault, utf8Text } from '@modulariot/platform/utf8'
import { CsvError, parse } from 'csv-parse/sync'
import { AdminError, invalidInput } from '../errors/admin-error.ts'
import { parseLine } from '../text/parse-line.ts'
import { ClientFileError } from './client-file-error.ts'
import { type Columns, readHeader } from './columns.ts'
import { newInputOf } from './options.ts'

export type ClientRow = {
  /** From 1. */
  readonly line: number
  readonly external_id: string | null
} & ({ readonly input: unknown; readonly environment?: Environment } | { readonly refused: string })

export interface ClientRowsOptions {
  /** Of the file, for messages. */
  readonly name: string
  /** Of a client that names none, as in `miot clients create`. */
  readonly audience: string
}

/** A longer line is refused by the server too. */
const MAX_LINE_BYTES = 256 * 1024
const TOO_LONG = 'The line is too long'

/**
 * @param chunks the bytes of the file.
 * @throws ClientFileError when the file holds no clients or its header is wrong.
 */
export async function* readClients(
  chunks: AsyncIterable<Uint8Array>,
  { name, audience }: ClientRowsOptions,
): AsyncGenerator<ClientRow, undefined> {
  const rest = chunks[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let start = ''
  while (start === '') {
    const next = await rest.next()
    if (next.done) throw new ClientFileError('failure', `${name} contains no clients`)
    head.push(next.value)
    start = trimJson(withoutBom(decoder.decode(next.value, { stream: true }))).slice(0, 1)
  }
  if (start === '[') {
    throw new ClientFileError(
      'failure',
      `${name} is a JSON array: write one object per line instead`,
    )
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* head
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  }
  yield* start === '{' ? jsonRows(all(), audience) : csvRows(name, all(), audience)
}

async function* jsonRows(
  chunks: AsyncIterable<Uint8Array>,
  audience: string,
): AsyncGenerator<ClientRow, undefined> {
  for await (const { line, bytes } of fileLines(chunks, MAX_LINE_BYTES)) {
    const refuse = (refused: string): ClientRow => ({ line, external_id: null, refused })
    const text = bytes === null ? null : utf8Text(bytes)
    if (bytes === null) yield refuse(TOO_LONG)
    else if (text === null) yield refuse(Object.values(utf8Fault(bytes)).join(': '))
    else {
      const json = trimJson(withoutBom(text))
      if (json === '') continue
      const value = parseLine(json)
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      if (isObject) yield { line, ...externalIdOf(value), input: withGrants(value, audience) }
      else yield refuse('Not a JSON object, or longer than 64 KiB, or with a member twice')
    }
  }
}

function externalIdOf(value: object): { readonly external_id: string | null } {
  const { external_id } = value as { external_id?: unknown }
  return { external_id: typeof external_id === 'string' ? external_id : null }
}

function withGrants(value: object, audience: string): object {
  return Object.hasOwn(value, 'grants') ? value : { ...value, grants: [{ audience }] }
}

/** A row is a line: no column holds a line break, so a quote that does not close spoils one row. */
async function* csvRows(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  audience: string,
): AsyncGenerator<ClientRow, undefined> {
  let table: Table | null = null
  let isEmpty = true
  for await (const { line, bytes } of fileLines(chunks, MAX_LINE_BYTES)) {
    const text = bytes === null ? null : withoutBom(decoder.decode(bytes)).replace(/\r$/, '')
    if (text !== null && /^[\s,;]*$/.test(text)) continue
    if (table === null) table = readTable(name, line, text ?? '')
    else {
      isEmpty = false
      yield rowOf(line, bytes, text, table, audience)
    }
  }
  if (isEmpty) throw new ClientFileError('failure', `${name} has a header and no clients`)
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

interface Table {
  readonly delimiter: string
  readonly columns: Columns
}

/** @throws ClientFileError naming what is wrong with the header. */
function readTable(name: string, line: number, header: string): Table {
  const delimiter = delimiterOf(header)
  try {
    return { delimiter, columns: readHeader(cellsOf(header, delimiter)) }
  } catch (error) {
    if (!(error instanceof AdminError)) throw error
    throw new ClientFileError('usage', `${name}, line ${line}: ${error.message}`)
  }
}

function rowOf(
  line: number,
  bytes: Uint8Array | null,
  text: string | null,
  { delimiter, columns }: Table,
  audience: string,
): ClientRow {
  let external_id: string | null = null
  const refuse = (refused: string): ClientRow => ({ line, external_id, refused })
  if (bytes === null || text === null) return refuse(TOO_LONG)
  if (utf8Text(bytes) === null) return refuse(Object.values(utf8Fault(bytes)).join(': '))
  try {
    const cells = cellsOf(text, delimiter)
    external_id = columns.externalIdOf(cells)
    const { environment, ...options } = columns.optionsOf(cells)
    const input = newInputOf(options, audience)
    return { line, external_id, input, ...(environment !== undefined && { environment }) }
  } catch (error) {
    if (error instanceof AdminError) return refuse(error.message)
    throw error
  }
}

/** @throws AdminError when a quote is in the wrong place. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  try {
    return parse(line, { delimiter, trim: true, record_delimiter: '\n' })[0] ?? []
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw invalidInput(
      'A quote is in the wrong place: put quotes around a whole cell, on one line, and double those inside',
    )
  }
}

/** Spreadsheets write semicolons where the comma is the decimal sign. */
function delimiterOf(header: string): string {
  const counts = [',', ';', '\t'].map((one) => [one, header.split(one).length] as const)
  return counts.reduce((most, one) => (one[1] > most[1] ? one : most))[0]
}

/** Where something else determines the environment, a row may not name one. */
export async function* withoutEnvironment(
  rows: AsyncIterable<ClientRow>,
  refused: string,
): AsyncGenerator<ClientRow, undefined> {
  for await (const row of rows) {
    const { line, external_id } = row
    yield 'environment' in row ? { line, external_id, refused } : row
  }
}

/**
 * Refuses each further row of an external id: the server would answer as if the client had been
 * there before.
 *
 * @param common environment of rows that name none.
 */
export async function* refuseRepeated(
  rows: AsyncIterable<ClientRow>,
  common: Environment = 'development',
): AsyncGenerator<ClientRow, undefined> {
  const lineOf = new Map<string, number>()
  for await (const row of rows) {
    const { external_id, line } = row
    if (external_id === null || 'refused' in row) {
      yield row
      continue
    }
    const key = `${row.environment ?? common} ${external_id}`
    const earlier = lineOf.get(key)
    if (earlier === undefined) {
      lineOf.set(key, line)
      yield row
    } else yield { line, external_id, refused: `Line ${earlier} has the same external_id` }
  }
}
