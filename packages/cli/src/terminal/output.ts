/** How commands speak: tables and lines on a terminal, JSON with `--json` or when piped. */

import { jsonText, oneLine } from './terminal-text.ts'

/**
 * What a person reads, a line each. A line end within one is somebody else's, and is spelled out.
 */
export type Lines = string | readonly string[]

export interface Output {
  readonly json: boolean
  /** Prints `value` as JSON, or as `text` says it to a person. */
  print(value: unknown, text: () => Lines): void
  /** Prints one of many as it comes: JSON on one line, or text. */
  line(value: unknown, text: () => string): void
  /** One of many that is JSON for people, too. */
  jsonLine(value: unknown): void
}

/**
 * Known before the arguments are parsed, because a fault in them is told in the same manner.
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

/** Lines with columns as wide as their widest cell. */
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

/** Two columns, for one thing and its properties. */
export function properties(pairs: readonly (readonly [string, string])[]): string[] {
  const cells = pairs.map((pair) => pair.map(cellOf) as [string, string])
  const width = Math.max(0, ...cells.map(([name]) => name.length))
  return cells.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
}

/** Spelled out before the columns are measured. What a server sent may be no string at all. */
function cellOf(cell: string): string {
  return oneLine(String(cell))
}
