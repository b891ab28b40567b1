/** How long an answer may be used without asking again, by its own word (RFC 9111). */

/** `name`, `name=token` or `name="quoted"`: a quoted string may hold commas (RFC 9111 §5.2). */
const DIRECTIVE = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g

/**
 * Seconds for which it is fresh, as a private cache reads it; null when `Cache-Control` does not
 * say.
 *
 * `no-store` and `no-cache` count as 0, and so does a `max-age` that cannot be read or is said
 * twice (§4.2.1: stale, where in doubt). What the answer spent in caches on its way is taken off
 * (§4.2.3). `Expires` is not read: it needs a clock in common.
 */
export function freshSeconds(headers: Headers): number | null {
  const directives = directivesOf(headers.get('cache-control') ?? '')
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  const values = directives.get('max-age')
  if (values === undefined) return null
  const maxAge = values.length === 1 ? secondsOf(values[0]) : null
  if (maxAge === null) return 0
  return Math.max(0, maxAge - (secondsOf(headers.get('age')) ?? 0))
}

function directivesOf(text: string): Map<string, (string | null)[]> {
  const found = new Map<string, (string | null)[]>()
  for (const [, name = '', quoted, token] of text.matchAll(DIRECTIVE)) {
    const values = found.get(name.toLowerCase()) ?? []
    found.set(name.toLowerCase(), [...values, quoted ?? token ?? null])
  }
  return found
}

/** RFC 9111 §1.2.2: too large to count means very long. */
function secondsOf(text: string | null | undefined): number | null {
  return text != null && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : null
}
