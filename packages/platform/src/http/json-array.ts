/**
 * Many JSON values in one body, taken apart as text, so that each can be parsed, refused and kept by
 * itself, as it was sent: parsed and written again, long numbers would be rounded.
 */

import { endOfString, JsonBodyError } from './json-body.ts'

/**
 * The texts of the elements of a JSON array, at most `max + 1` of them: who allows `max` sees that there
 * are more, and nothing is made of the rest.
 *
 * Elements are told apart by brackets, strings and commas alone; whether each is JSON is for whoever
 * parses it to say.
 *
 * @throws JsonBodyError when the text is not one array that begins and ends.
 */
export function splitJsonArray(text: string, max: number): string[] {
  const open = startOfArray(text)
  const elements: string[] = []
  let depth = 0
  let start = open + 1
  for (let index = open; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) index = endOfString(text, index)
    else if (code === 0x5b || code === 0x7b) depth++
    else if (code === 0x5d || code === 0x7d) {
      depth--
      if (depth > 0) continue
      if (code !== 0x5d) throw new JsonBodyError('The array must end with a bracket: ]')
      return withLast(elements, text, start, index)
    } else if (code === 0x2c && depth === 1) {
      elements.push(trim(text.slice(start, index)))
      if (elements.length > max) return elements
      start = index + 1
    }
  }
  throw new JsonBodyError('The array does not end: the body was cut off')
}

function startOfArray(text: string): number {
  const open = text.search(/[^ \t\n\r]/)
  if (text[open] !== '[') throw new JsonBodyError('The body must be a JSON array')
  return open
}

/** An array without elements has no last one either. */
function withLast(elements: string[], text: string, start: number, end: number): string[] {
  if (trim(text.slice(end + 1)) !== '') {
    throw new JsonBodyError('The body must end where its array ends')
  }
  const last = trim(text.slice(start, end))
  if (last !== '' || elements.length > 0) elements.push(last)
  return elements
}

/**
 * The lines of NDJSON that are not blank, at most `max + 1` of them; whether each is JSON is for whoever
 * parses it to say.
 */
export function splitNdjson(text: string, max: number): string[] {
  const lines: string[] = []
  for (let start = 0; start < text.length && lines.length <= max; ) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const line = trim(text.slice(start, end))
    if (line !== '') lines.push(line)
    start = end + 1
  }
  return lines
}

/** Without JSON's own white space around it. Not a pattern: a long run of blanks would cost its square. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
