/** Output of commands: tables and lines on a terminal, JSON with `--json` or when piped. */

import { jsonText, oneLine } from './terminal-text.ts'

/** A line in bold. */
export interface Heading {
  readonly heading: string
}

export type Line = string | Heading

/** Text for people, by lines. A line break inside one comes from outside and is escaped. */
export type Lines = Line | readonly Line[]

export interface Output {
  readonly json: boolean
  /** Prints `value` as JSON, or `text` for people. */
  print(value: unknown, text: () => Lines): void
  /** Prints one item of a stream: JSON on one line, or text. */
  line(value: unknown, text: () => Lines): void
  /** Prints one item of a stream as JSON in both modes. */
  jsonLine(value: unknown): void
  /**
   * Lines of a table whose columns fit their widest cell, and the terminal where they can: the
   * widest columns are shortened, but neither times nor the last column, which holds what people
   * copy, such as an id. Without rows it is the sentence `empty`.
   */
  table(header: readonly string[], rows: readonly (readonly string[])[], empty?: string): Line[]
}

/** What the output can do. */
export interface Terminal {
  /** Columns; infinite when it is no terminal. */
  readonly width: number
  bold(text: string): string
}

const NO_TERMINAL: Terminal = { width: Number.POSITIVE_INFINITY, bold: (text) => text }

/**
 * Decided before the arguments are parsed, because errors in them use the same format.
 *
 * @param isTerminal whether standard output is one.
 */
export function wantsJson(argv: readonly string[], isTerminal: boolean): boolean {
  if (argv.includes('--no-json')) return false
  return argv.includes('--json') || !isTerminal
}

export function createOutput(
  json: boolean,
  write: (text: string) => void,
  { width, bold } = NO_TERMINAL,
): Output {
  const textOf = (line: Line): string =>
    typeof line === 'string' ? oneLine(line) : bold(oneLine(line.heading))
  const writeLines = (lines: Lines) => write(`${[lines].flat().map(textOf).join('\n')}\n`)
  const writeJson = (value: unknown, indent?: number) => write(`${jsonText(value, indent)}\n`)
  return {
    json,
    print: (value, text) => (json ? writeJson(value, 2) : writeLines(text())),
    line: (value, text) => (json ? writeJson(value) : writeLines(text())),
    jsonLine: (value) => writeJson(value),
    table: (header, rows, empty = NOTHING) =>
      rows.length === 0 ? [empty] : tableOf(header, rows, width),
  }
}

const NOTHING = 'There is nothing to show.'
const GAP = '  '
const MIN_COLUMN = 8
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/

function tableOf(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  width: number,
): Line[] {
  const lines = [header, ...rows].map((cells) => cells.map(cellOf))
  const columns = header.map((name, column) => {
    const cells = lines.map((line) => line[column] ?? '')
    const isFixed = column === header.length - 1 || cells.some((cell) => TIME.test(cell))
    const width = Math.max(...cells.map((cell) => cell.length))
    return { width, least: isFixed ? width : Math.min(width, Math.max(MIN_COLUMN, name.length)) }
  })
  const widths = fitted(columns, width)
  const [first = '', ...others] = lines.map((line) =>
    line
      .map((cell, column) => shortened(cell, widths[column] as number).padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
  return [{ heading: first }, ...others]
}

interface Column {
  readonly width: number
  /** It is not shortened further. */
  readonly least: number
}

/** Takes from the widest column that can give, one by one, until all fit or none can give more. */
function fitted(columns: readonly Column[], available: number): number[] {
  const fit = columns.map(({ width }) => width)
  const total = fit.reduce((sum, one) => sum + one, GAP.length * (fit.length - 1))
  for (let excess = total - available; excess > 0; excess--) {
    const spare = columns.map(
      ({ least }, at) => ((fit[at] as number) > least ? fit[at] : 0) as number,
    )
    const widest = Math.max(...spare)
    if (widest === 0) break
    fit[spare.indexOf(widest)] = widest - 1
  }
  return fit
}

function shortened(cell: string, width: number): string {
  return cell.length <= width ? cell : `${cell.slice(0, width - 1)}…`
}

/** Two columns: names and values. */
export function properties(pairs: readonly (readonly [string, string])[]): string[] {
  const cells = pairs.map((pair) => pair.map(cellOf) as [string, string])
  const width = Math.max(0, ...cells.map(([name]) => name.length))
  return cells.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`)
}

/** Escaped before columns are measured. A value sent by a server may not be a string. */
function cellOf(cell: string): string {
  return oneLine(String(cell))
}
