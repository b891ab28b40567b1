/** Query parameters of a request. */

/** With the `?` before it; empty when nothing is given. What is undefined or null is left out. */
export function queryOf(query: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  const text = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()
  return text === '' ? '' : `?${text}`
}
