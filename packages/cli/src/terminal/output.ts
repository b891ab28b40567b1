/** Output of commands: tables and lines on a terminal, JSON with `--json` or when piped. */

import { jsonText, oneLine } from './terminal-text.ts'

/** Text for people, by lines. A line break inside one comes from outside and is escaped. */
export type Lines = string | readonly string[]

export interface Output {
  readonly json: boolean
  /** Prints `value` as JSON, or `text` for people. */
  print(value: unknown, text: () => Lines): void
  /** Prints one item of a stream: JSON on one line, or text. */
  line(value: unknown, text: () => string): void
  /** Prints one item of a stream as JSON in both modes. */
  jsonLine(value: unknown): void
}

/**
 * Decided before the arguments are parsed, because errors in them use the same format.
 *
 * @param isTerminal whether standard output is one.
 */
export function wantsJson(argv: readonly string[], isTerminal: boolean): boolean {
  if (argv.includes('--no-json')) return false
  return argv.includes('--json') || !isTerminal
}

export function createOutput(json: boolean, write: (text: string) => void): Output {
  const writeLines = (lines: Lines) => write(`${[lines].flat().map(oneLine).join('\n')}\n`)
  const writeJson = (value: unknown, indent?: number) => write(`${jsonText(value, indent)}\n`)
  return {
    json,
    print: (value, text) => (json ? writeJson(value, 2) : writeLines(text())),
    line: (value, text) => (json ? writeJson(value) : writeLines(text())),
    jsonLine: (value) => writeJson(value),
  }
}

/** Lines of a table whose columns fit their widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [header, ...rows].map((cells) => cells.map(cellOf))
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  return lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd(),
  )
}

/** Two columns: names and values. */
export function properties(pairs: readonly (readonly [string, string])[]): string[] {
  const cells = pairs.map((pair) => pair.map(cellOf) as [string, string])
  const width = Math.max(0, ...cells.map(([name]) => name.length))
  return cells.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

/** Escaped before columns are measured. A value sent by a server may not be a string. */
function cellOf(cell: string): string {
  return oneLine(String(cell))
}
