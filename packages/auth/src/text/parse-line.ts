/** One line of a list of clients. */

import { parseUniqueJson } from '@modulariot/platform/unique-json'

/** The same limit as for a client that is created alone. */
const MAX_LINE_LENGTH = 64 * 1024

/**
 * A line of NDJSON as a value; undefined, which no schema accepts, when it is too long or not JSON.
 */
export function parseLine(line: string): unknown {
  if (line.length > MAX_LINE_LENGTH) return undefined
  try {
    return parseUniqueJson(line)
  } catch {
    return undefined
  }
}
