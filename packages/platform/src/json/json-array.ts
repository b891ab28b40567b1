/**
 * JSON values within one text, taken apart as text, so that each can be parsed, refused and kept by
 * itself, as it was sent: parsed and written again, long numbers would be rounded.
 */

import { endOfString, JsonBodyError } from './json-body.ts'

/**
 * The texts of the elements of a JSON array, at most `max + 1` of them: who allows `max` sees that
 * there are more, and nothing is made of the rest.
 *
 * Elements are told apart by brackets, strings and commas alone; whether each is JSON is for
 * whoever parses it to say.
 *
 * @throws JsonBodyError when the text is not one array that begins and ends.
 */
export function splitJsonArray(text: string, max: number): string[] {
  const open = startOf(text)
  if (text[open] !== '[') throw new JsonBodyError('The body must be a JSON array')
  return textsAt(text, findParts(text, open, max))
}

/** @param places where the first begins, where it ends, where the second begins, … */
function textsAt(text: string, places: readonly number[]): string[] {
  const texts: string[] = []
  for (let index = 0; index < places.length; index += 2) {
    texts.push(text.slice(places[index], places[index + 1]))
  }
  return texts
}

/**
 * The texts of the members of a JSON object, each `"name":value`, by name; where a name stands
 * twice, the last.
 *
 * @param text a JSON object that parses.
 */
export function splitJsonObject(text: string): Map<string, string> {
  const places = findParts(text, startOf(text), Number.POSITIVE_INFINITY)
  const members = textsAt(text, places)
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

/** Where what stands between the commas of the array or the object that begins at `open` is. */
function findParts(text: string, open: number, max: number): number[] {
  // In ASCII, both closing brackets stand two behind their opening ones.
  const close = text.charCodeAt(open) + 2
  const places: number[] = []
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
      return withLast(places, text, start, index)
    } else if (code === 0x2c && depth === 1) {
      addTrimmed(places, text, start, index)
      if (places.length > 2 * max) return places
      start = index + 1
    }
  }
  throw new JsonBodyError('The array does not end: the body was cut off')
}

/** An array without elements has no last one either. */
function withLast(places: number[], text: string, start: number, end: number): number[] {
  if (skipBlanks(text, end + 1, text.length) < text.length) {
    throw new JsonBodyError('The body must end after its array')
  }
  const isEmpty = skipBlanks(text, start, end) === end
  if (!isEmpty || places.length > 0) addTrimmed(places, text, start, end)
  return places
}

function addTrimmed(places: number[], text: string, start: number, end: number): void {
  const first = skipBlanks(text, start, end)
  places.push(first, skipBlanksBack(text, first, end))
}

/**
 * The lines of NDJSON that are not blank, at most `max + 1` of them; whether each is JSON is for
 * whoever parses it to say.
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

/**
 * Without JSON's own white space around it. Not a pattern: a long run of blanks would cost its
 * square.
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
