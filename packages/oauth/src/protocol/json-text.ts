/**
 * Checks on JSON text that `JSON.parse` accepts but does not make.
 *
 * Two parsers that read `{"alg":"none","alg":"RS256"}` differently have caused more than one CVE,
 * so in security decisions a duplicate member is refused instead of resolved.
 */

const STRING_TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?/g

/**
 * True when any object in the text has a duplicate member.
 *
 * `value` must be the result of `JSON.parse(text)`: in valid JSON every quote belongs to a string,
 * so the strings followed by a colon are the member names, and there are more of them than members
 * in the value exactly when one was overwritten.
 */
export function hasDuplicateMembers(text: string, value: unknown): boolean {
  let names = 0
  for (const token of text.matchAll(STRING_TOKEN)) if (token[1] !== undefined) names++
  return names > countMembers(value)
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const children = Object.values(value)
  const own = Array.isArray(value) ? 0 : children.length
  return children.reduce((sum: number, child) => sum + countMembers(child), own)
}
