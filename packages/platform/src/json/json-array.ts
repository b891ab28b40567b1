/**
 * Splits a JSON text into the texts of its values, so that each can be parsed, refused and stored
 * by itself, exactly as it was sent: parsing and serializing would round long numbers.
 */

import { endOfString, JsonBodyError, withoutBom } from './unique-json.ts'

/**
 * The texts of the elements of a JSON array, at most `max + 1` of them: a caller that allows `max`
 * sees that there are more, and the rest is not read.
 *
 * Elements are separated by looking at brackets, strings and commas alone; whether each is valid
 * JSON is left to the parser.
 *
 * @throws JsonBodyError when the text is not exactly one complete array.
 */
export function splitJsonArray(text: string, max: number): string[] {
  const open = startOf(text)
  if (text[open] !== '[') throw new JsonBodyError('The body must be a JSON array')
  return textsAt(text, findParts(text, open, max))
}

/** @param bounds where the first part begins, where it ends, where the second begins, … */
function textsAt(text: string, bounds: readonly number[]): string[] {
  const texts: string[] = []
  for (let index = 0; index < bounds.length; index += 2) {
    texts.push(text.slice(bounds[index], bounds[index + 1]))
  }
  return texts
}

/**
 * The texts of the members of a JSON object, each `"name":value`, by name; of a repeated name, the
 * last.
 *
 * @param text a JSON object that parses.
 */
export function splitJsonObject(text: string): Map<string, string> {
  const bounds = findParts(text, startOf(text), Number.POSITIVE_INFINITY)
  const members = textsAt(text, bounds)
  return new Map(members.map((member) => [JSON.parse(nameOf(member)), member]))
}

/** The value of a member as `splitJsonObject` returns it. */
export function memberValue(member: string): string {
  return trimJson(member.slice(member.indexOf(':', nameOf(member).length) + 1))
}

const nameOf = (member: string): string => member.slice(0, endOfString(member, 0) + 1)

function startOf(text: string): number {
  return text.search(/[^ \t\n\r]/)
}

/** The bounds of the parts between the commas of the array or object that begins at `open`. */
function findParts(text: string, open: number, max: number): number[] {
  // In ASCII, both closing brackets come two after their opening ones.
  const close = text.charCodeAt(open) + 2
  const bounds: number[] = []
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
      return withLast(bounds, text, start, index)
    } else if (code === 0x2c && depth === 1) {
      addTrimmed(bounds, text, start, index)
      if (bounds.length > 2 * max) return bounds
      start = index + 1
    }
  }
  throw new JsonBodyError('The array does not end: the body was cut off')
}

/** Adds the last part, unless the array is empty. */
function withLast(bounds: number[], text: string, start: number, end: number): number[] {
  if (skipBlanks(text, end + 1, text.length) < text.length) {
    throw new JsonBodyError('The body must end after its array')
  }
  const isEmpty = skipBlanks(text, start, end) === end
  if (!isEmpty || bounds.length > 0) addTrimmed(bounds, text, start, end)
  return bounds
}

function addTrimmed(bounds: number[], text: string, start: number, end: number): void {
  const first = skipBlanks(text, start, end)
  bounds.push(first, skipBlanksBack(text, first, end))
}

/**
 * The lines of NDJSON that are not blank, without byte order marks, at most `max + 1` of them;
 * whether each is valid JSON is left to the parser.
 */
export function splitNdjson(text: string, max: number): string[] {
  const lines: string[] = []
  for (let start = 0; start < text.length && lines.length <= max; ) {
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const line = trimJson(withoutBom(text.slice(start, end)))
    if (line !== '') lines.push(line)
    start = end + 1
  }
  return lines
}

/**
 * Removes JSON white space at both ends. Not a regular expression: on a long run of blanks it would
 * take quadratic time.
 */
export function trimJson(text: string): string {
  const start = skipBlanks(text, 0, text.length)
  return text.slice(start, skipBlanksBack(text, start, text.length))
}

function skipBlanks(text: string, start: number, end: number): number {
  let index = start
  while (index < end && isBlank(text.charCodeAt(index))) index++
  return index
}

function skipBlanksBack(text: string, start: number, end: number): number {
  let index = end
  while (index > start && isBlank(text.charCodeAt(index - 1))) index--
  return index
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}
