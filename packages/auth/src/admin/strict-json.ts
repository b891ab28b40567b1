/** JSON that decides who may do what: what two parsers could read differently is refused. */

import { hasDuplicateMembers } from '@modulariot/oauth/protocol'
import { JsonBodyError, parseJson } from '@modulariot/platform/http'

/** @throws JsonBodyError for what `parseJson` refuses, and for an object that names a member twice. */
export function parseStrictJson(text: string): unknown {
  const value = parseJson(text)
  if (hasDuplicateMembers(text, value)) throw new JsonBodyError('The body names a member twice')
  return value
}
