/** How commands speak: tables and lines on a terminal, JSON with `--json` or when piped. */

export interface Output {
  readonly json: boolean
  /** Prints `value` as JSON, or as `text` says it to a person. */
  print(value: unknown, text: () => string): void
  /** The same for one of many, as it comes: JSON on one line. */
  line(value: unknown, text: () => string): void
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
  return {
    json,
    print: (value, text) => write(`${json ? JSON.stringify(value, null, 2) : printable(text())}\n`),
    line: (value, text) => write(`${json ? JSON.stringify(value) : oneLine(text())}\n`),
  }
}

/** What was stored by others must not command the terminal it is shown on. */
function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, '\u{fffd}')
}

/** Nor make another row of it. */
function oneLine(text: string): string {
  return printable(text).replaceAll(/[\n\u2028\u2029]/g, '\u{fffd}')
}

/** Columns as wide as their widest cell. A line end in a cell would look like another row. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((cells) => cells.map(oneLine))
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Two columns, for one thing and its properties. */
export function properties(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value)}`).join('\n')
}
