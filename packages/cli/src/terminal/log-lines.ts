/**
 * The log for a person: on a terminal, each JSON line of the logger becomes one that reads at a
 * glance, and the stack of an error the lines below it. Piped, the JSON stays as it is.
 *
 * The lines arrive with secrets already cut out; here nothing is added, only arranged.
 */

import { isatty } from 'node:tty'
import { styleText } from 'node:util'
import { oneLine } from './terminal-text.ts'

type Style = Parameters<typeof styleText>[0]

/** By the number that the logger writes. */
const LEVELS: Readonly<Record<number, readonly [name: string, style: Style]>> = {
  10: ['TRACE', 'gray'],
  20: ['DEBUG', 'gray'],
  30: ['INFO ', 'green'],
  40: ['WARN ', 'yellow'],
  50: ['ERROR', 'red'],
  60: ['FATAL', 'red'],
}

/** Members that a person on this machine knows, or that have a place of their own in the line. */
const OMITTED = new Set(['level', 'time', 'pid', 'hostname', 'msg'])

/**
 * A JSON line of the logger as text, with its line break.
 *
 * @param paint adds a colour, or returns the text as it is.
 */
export function logLine(json: string, paint: (style: Style, text: string) => string): string {
  const line = parsed(json)
  if (line === null) return `${oneLine(json.trimEnd())}\n`
  const [name, style] = LEVELS[Number(line.level)] ?? ['LOG  ', 'gray']
  const time = `${new Date(Number(line.time)).toISOString().slice(11, 19)}Z`
  const members = Object.entries(line).filter(([member]) => !OMITTED.has(member))
  const pairs = members.flatMap(([member, value]) => pairsOf(member, value))
  const head = [paint('gray', time), paint(style, name), oneLine(String(line.msg ?? ''))]
  const rest = pairs.map(([member, value]) => `${paint('gray', `${member}=`)}${value}`)
  return [[...head, ...rest].filter(Boolean).join(' '), ...stackOf(line.err), ''].join('\n')
}

function parsed(json: string): Record<string, unknown> | null {
  try {
    const line: unknown = JSON.parse(json)
    const { time } = line as { time?: unknown }
    return Number.isFinite(new Date(Number(time)).getTime()) ? { ...(line as object) } : null
  } catch {
    return null
  }
}

/** Members of objects by their path, so that `reason.kind=wrong_secret` can be searched for. */
function pairsOf(name: string, value: unknown): [name: string, value: string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value)
      .filter(([member]) => member !== 'stack')
      .flatMap(([member, inner]) => pairsOf(`${name}.${member}`, inner))
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return [[oneLine(name), oneLine(/^[^\s"=]+$/.test(text) ? text : JSON.stringify(value))]]
}

function stackOf(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return []
  const { stack, cause } = error as { stack?: unknown; cause?: unknown }
  const lines = typeof stack === 'string' && stack !== '' ? stack.split('\n').map(oneLine) : []
  const inner = stackOf(cause)
  return inner.length === 0 ? lines : [...lines, '  caused by', ...inner]
}

/** Descriptor of standard error. */
const STDERR = 2

/** What to write the log's lines to when standard error is a terminal; null: it is piped. */
export function terminalLog(): { write(json: string): void } | null {
  if (!isatty(STDERR)) return null
  const { stderr } = process
  // The server outlives its terminal.
  stderr.on('error', () => {})
  return {
    write(json) {
      const paint = (style: Style, text: string) => styleText(style, text, { stream: stderr })
      stderr.write(logLine(json, paint))
    },
  }
}
