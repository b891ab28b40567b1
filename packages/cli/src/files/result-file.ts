/**
 * The `--out` of a command that changes many things and gets a secret for each: a new private file
 * with a line for each result. It is opened before the first change, and a line is on the disk
 * before the next change begins. So no secret exists that is in no file, and a command that was
 * interrupted continues where the file ends.
 *
 * A disk may fill up between two lines. So the room of a line is filled with spaces before its
 * change: where that fails, nothing was changed. The spaces are removed at the end; after a crash
 * they are a last line without an end, which is cut like any other.
 */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { type Cell, csvLine } from '@modulariot/platform/csv-line'
import { assertPrivate } from '@modulariot/platform/files'
import { CliError } from '../errors/cli-error.ts'
import { writeAll } from './write-all.ts'

/** One result. Every row of a file has the same members, which are the columns of CSV. */
export type ResultRow = Readonly<Record<string, Cell>>

export interface ResultFile {
  /**
   * The first column of the rows that an earlier run wrote, except those that were `refused`: these
   * are tried again. Empty for a new file.
   */
  readonly done: ReadonlySet<string>
  /** Makes room on the disk for the next row. @throws the error of the file system. */
  reserve(): void
  /** Once it returns, the row is on the disk. */
  write(row: ResultRow): void
  /** Removes a file without any row, so that the command can be given again as it is. */
  close(): void
}

/**
 * CSV for a name that ends with `.csv`, else a JSON object per line (NDJSON).
 *
 * @param columns the first one identifies a row, the second is its status.
 * @param resume continues an existing file, and creates it if there is none.
 * @throws CliError usage for a file that exists, or cannot be created, or is no such file.
 */
export function openResultFile(
  path: string,
  columns: readonly [id: string, status: string, ...string[]],
  resume = false,
): ResultFile {
  const format = /\.csv$/i.test(path) ? CSV : NDJSON
  const file = openOut(path, resume)
  try {
    const before = readRows(path, file, format, columns)
    const tail = createTail(file)
    if (fstatSync(file).size === 0) tail.append(format.header(columns))
    const done = new Set(before.filter(([, status]) => status !== REFUSED).map(([id]) => id))
    let rows = before.length
    return {
      done,
      reserve: tail.reserve,
      write(row) {
        tail.append(
          format.line(
            columns.map((name) => row[name] ?? null),
            columns,
          ),
        )
        rows++
      },
      close() {
        tail.trim()
        closeSync(file)
        if (rows === 0) rmSync(path)
      },
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

const REFUSED = 'refused'

type IdAndStatus = readonly [id: string, status: string]

interface Format {
  header(columns: readonly string[]): string
  line(cells: readonly Cell[], columns: readonly string[]): string
  /** The first cells of a line; null when the line is none of ours. */
  first(line: string, columns: readonly string[]): IdAndStatus | null
}

const CSV: Format = {
  header: csvLine,
  line: csvLine,
  // Ids and statuses need no quotes.
  first(line) {
    const [, id, status] = /^([^",]+),([^",]*),/.exec(line) ?? []
    return id === undefined || status === undefined ? null : [id, status]
  },
}

const NDJSON: Format = {
  header: () => '',
  line: (cells, columns) =>
    `${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, cells[at]])))}\n`,
  first(line, [id = '', status = '']) {
    try {
      const row = JSON.parse(line)
      return [String(row[id]), String(row[status])]
    } catch {
      return null
    }
  },
}

function openOut(path: string, resume: boolean): number {
  const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW = 0 } = constants
  try {
    return openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | (resume ? 0 : O_EXCL), 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw new CliError('usage', `Cannot create the --out file: ${message}`)
    throw new CliError('usage', `${path} exists: choose another name, or continue it with --resume`)
  }
}

/** Cuts a last line without an end, which a crash left. */
function readRows(
  path: string,
  file: number,
  format: Format,
  columns: readonly string[],
): readonly IdAndStatus[] {
  assertPrivate(path, fstatSync(file))
  const text = readFileSync(file, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  const header = format.header(columns)
  if (text === '') return []
  const lines = whole.startsWith(header) ? whole.slice(header.length).split(/\r?\n/) : ['']
  const rows = lines.slice(0, -1).map((line) => format.first(line, columns))
  if (!whole.startsWith(header) || rows.includes(null)) {
    throw new CliError('usage', `${path} is not the --out of this command: choose another name`)
  }
  if (whole.length < text.length) ftruncateSync(file, Buffer.byteLength(whole))
  return rows as IdAndStatus[]
}

/** More than a row has: a name, an external id and a message have some hundred characters each. */
const ROOM_BYTES = 16 * 1024
/** Filled at a time, since each is a write to the disk. */
const FILLED_BYTES = 4 * ROOM_BYTES

/** The end of the file, after which there may be spaces. */
function createTail(file: number) {
  let end = fstatSync(file).size
  let filledTo = end
  return {
    reserve(): void {
      if (filledTo - end >= ROOM_BYTES) return
      const spaces = Buffer.alloc(end + FILLED_BYTES - filledTo, ' ')
      writeAll(file, spaces, filledTo)
      fsyncSync(file)
      filledTo += spaces.length
    },
    append(text: string): void {
      const bytes = Buffer.from(text)
      writeAll(file, bytes, end)
      fsyncSync(file)
      end += bytes.length
      filledTo = Math.max(filledTo, end)
    },
    trim: (): void => ftruncateSync(file, end),
  }
}
