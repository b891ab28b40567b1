/** Paths and query strings. */

/** @throws RangeError for names that a URL resolves away: the path would be another one. */
export function segment(name: string, value: string): string {
  if (/^\.{0,2}$/.test(value)) throw new RangeError(`${name} must not be empty, . or ..`)
  return encodeURIComponent(value)
}

/** With its `?`; empty when nothing is set. Times as ISO 8601. */
export function queryOf(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  const texts = given.map(([name, value]): [string, string] => [
    name,
    value instanceof Date ? value.toISOString() : String(value),
  ])
  return texts.length === 0 ? '' : `?${new URLSearchParams(texts)}`
}
