/**
 * Text of others made safe to print: it can neither command the terminal nor look like a line of
 * ours.
 *
 * Everything `miot` prints passes through here (`output.ts`, `standard-streams.ts`), whatever it
 * is: names that others chose, answers of servers, messages of errors that quote either.
 */

import { replaceHiddenCharacters } from '@modulariot/oauth/protocol'

/** One line: what shows nothing is spelled out (`\u001b`, `\u{e0041}`), line ends included. */
export function oneLine(text: string): string {
  return replaceHiddenCharacters(text, (run) => Array.from(run, spelledOut).join(''))
}

/** Text whose line ends are ours. */
export function printable(text: string): string {
  return text.split('\n').map(oneLine).join('\n')
}

/**
 * JSON that prints safely and parses to the same value: what shows nothing is escaped (RFC 8259
 * §7), which `JSON.stringify` does for the controls below U+0020 only.
 */
export function jsonText(value: unknown, indent?: number): string {
  // A line end in here is of the indentation.
  const lines = JSON.stringify(value, null, indent).split('\n')
  return lines.map((line) => replaceHiddenCharacters(line, unitsEscaped)).join('\n')
}

function spelledOut(character: string): string {
  const code = character.codePointAt(0) as number
  return code > 0xffff ? `\\u{${code.toString(16)}}` : unitsEscaped(character)
}

function unitsEscaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
