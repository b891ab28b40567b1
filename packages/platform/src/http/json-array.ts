/**
 * JSON values within one text, taken apart as text, so that each can be parsed, refused and kept by
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
  const open = startOf(text)
  if (text[open] !== '[') throw new JsonBodyError('The body must be a JSON array')
  return splitParts(text, open, max)
}

/**
 * The texts of the members of a JSON object, each `"name":value`, by name; where a name stands twice, the
 * last.
 *
 * @param text a JSON object that parses.
 */
export function splitJsonObject(text: string): Map<string, string> {
  const members = splitParts(text, startOf(text), Number.POSITIVE_INFINITY)
  return new Map(members.map((member) => [JSON.parse(nameOf(member)), member]))
}

/** What stands behind the name of a member, as `splitJsonObject` gives it. */
export function memberValue(member: string): string {
  return trimJson(member.slice(member.indexOf(':', nameOf(member).length) + 1))
}

const nameOf = (member: string): string => member.slice(0, endOfString(member, 0) + 1)

function startOf(text: string): number {
  return text.search(/[^ \t\n\r]/)
}

/** What stands between the commas of the array or the object that begins at `open`. */
function splitParts(text: string, open: number, max: number): string[] {
  // In ASCII, both closing brackets stand two behind their opening ones.
  const close = text.charCodeAt(open) + 2
  const parts: string[] = []
  let depth = 0
  let start = open + 1
  for (let index = open; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) index = endOfString(text, index)
    else if (code === 0x5b || code === 0x7b) depth++
    else if (code === 0x5d || code === 0x7d) {
      depth--
      if (depth > 0) continue
      if (code !== close) throw new JsonBodyError('The array must end with a bracket: ]')
      return withLast(parts, text, start, index)
    } else if (code === 0x2c && depth === 1) {
      parts.push(trimJson(text.slice(start, index)))
      if (parts.length > max) return parts
      start = index + 1
    }
  }
  throw new JsonBodyError('The array does not end: the body was cut off')
}

/** An array without elements has no last one either. */
function withLast(parts: string[], text: string, start: number, end: number): string[] {
  if (trimJson(text.slice(end + 1)) !== '') {
    throw new JsonBodyError('The body must end where its array ends')
  }
  const last = trimJson(text.slice(start, end))
  if (last !== '' || parts.length > 0) parts.push(last)
  return parts
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
    const line = trimJson(text.slice(start, end))
    if (line !== '') lines.push(line)
    start = end + 1
  }
  return lines
}

/** Without JSON's own white space around it. Not a pattern: a long run of blanks would cost its square. */
export function trimJson(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
