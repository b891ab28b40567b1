/**
 * From a text to JSON, in a browser too, with the limits that must hold before and while parsing.
 *
 * `JSON.parse` recurses, so the depth is bounded first; and it builds a value from every two bytes,
 * so the number of values is bounded in the same pass: a few kilobytes of gzip can hold half a
 * million of them. Member names that reach an object's prototype are refused, in case code further
 * down copies them.
 */

export const MAX_JSON_DEPTH = 32

/**
 * Values in one document: the members and elements of all objects and arrays, an empty one counted
 * twice. The largest report that the schema allows (200 metrics and 200 events, each with every
 * field and some of the sender's own) has about 6,000.
 */
export const MAX_JSON_VALUES = 10_000

/** Why a body is not acceptable JSON; the message is for the caller. */
export class JsonBodyError extends Error {
  override readonly name = 'JsonBodyError'
}

const BYTE_ORDER_MARK = 0xfeff

/**
 * Editors and shells of Windows write one before the text, so that it is also in front of a line
 * where files were joined.
 */
export function withoutBom(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text
}

/**
 * How many values may still be built from texts that belong together; each parsed text reduces it.
 */
export interface ValueBudget {
  left: number
}

/**
 * Parses as `JSON.parse` does, but refuses an object with a duplicate member: another reader of the
 * same text may use the other one.
 *
 * In valid JSON every colon outside a string follows a member's name, so the text has more colons
 * than the value has members exactly when a member was overwritten. Both counts are nearly free:
 * the text is walked for its depth anyway, and the value for forbidden names.
 *
 * @throws JsonBodyError for a duplicate member, text nested too deeply or with too many values,
 *   invalid JSON, or a member named `__proto__`.
 */
export function parseUniqueJson(text: string, budget?: ValueBudget): unknown {
  const names = assertShallow(text, budget)
  const value = parse(text)
  if (names > countMembers(value)) {
    throw new JsonBodyError('An object in the body has a duplicate member')
  }
  return value
}

/**
 * Walks the parsed value. A reviver for `JSON.parse` would take up to seventy times as long as
 * parsing: a kilobyte of gzip would block the event loop for a second.
 *
 * @throws JsonBodyError for a member named `__proto__`, which `JSON.parse` creates as an own
 *   member.
 */
function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) for (const element of value) count += countMembers(element)
  else
    for (const name in value) {
      if (name === '__proto__') throw new JsonBodyError('A member may not be named __proto__')
      count += 1 + countMembers((value as Members)[name])
    }
  return count
}

type Members = Record<string, unknown>

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new JsonBodyError('The body is not valid JSON')
  }
}

/**
 * Walks the text once, without building anything.
 *
 * Every value but the root follows a comma or, as the first of its object or array, an opening
 * bracket: the brackets and commas outside strings are as many as the values.
 *
 * @param budget is left below zero when it did not suffice.
 * @returns the number of colons outside strings.
 * @throws JsonBodyError when arrays and objects nest deeper, or hold more, than the limits or the
 *   budget allow.
 */
export function assertShallow(text: string, budget?: ValueBudget): number {
  let depth = 0
  let colons = 0
  let values = 1
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) index = endOfString(text, index)
    else if (code === 0x7b || code === 0x5b) {
      depth++
      if (depth > MAX_JSON_DEPTH) {
        throw new JsonBodyError(`The body nests deeper than ${MAX_JSON_DEPTH} levels`)
      }
      values++
    } else if (code === 0x7d || code === 0x5d) depth--
    else if (code === 0x3a) colons++
    else if (code === 0x2c) values++
    else continue
    if (values > MAX_JSON_VALUES) throw tooManyValues()
  }
  if (budget !== undefined) {
    budget.left -= values
    if (budget.left < 0) throw tooManyValues()
  }
  return colons
}

function tooManyValues(): JsonBodyError {
  return new JsonBodyError(`The body holds more than ${MAX_JSON_VALUES} values; split it`)
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  const end = text.indexOf('"', start + 1)
  if (end === -1) return text.length
  return text.charCodeAt(end - 1) === 0x5c ? endOfEscapedString(text, start) : end
}

/**
 * Goes character by character: in a string of mostly escaped quotes, searching for each takes three
 * times as long.
 */
function endOfEscapedString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x5c) index++
    else if (code === 0x22) return index
  }
  return text.length
}
