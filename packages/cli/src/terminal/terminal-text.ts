/**
 * Makes text from outside safe to print: it can neither control the terminal nor imitate a line of
 * output.
 *
 * Everything `miot` prints passes through here (`output.ts`, `standard-streams.ts`): names chosen
 * by others, responses of servers, error messages that quote either.
 */

import { replaceHiddenCharacters } from '@modulariot/oauth/protocol'

/** One line: invisible characters, line breaks included, are escaped (`\u001b`, `\u{e0041}`). */
export function oneLine(text: string): string {
  return replaceHiddenCharacters(text, (run) => Array.from(run, escaped).join(''))
}

/** Escapes each line and keeps the line breaks. */
export function printable(text: string): string {
  return text.split('\n').map(oneLine).join('\n')
}

/**
 * JSON that prints safely and parses to the same value: all invisible characters are escaped (RFC
 * 8259 §7). `JSON.stringify` escapes only the controls below U+0020.
 */
export function jsonText(value: unknown, indent?: number): string {
  // Line breaks come from the indentation only.
  const lines = JSON.stringify(value, null, indent).split('\n')
  return lines.map((line) => replaceHiddenCharacters(line, unitsEscaped)).join('\n')
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number
  return code > 0xffff ? `\\u{${code.toString(16)}}` : unitsEscaped(character)
}

function unitsEscaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
