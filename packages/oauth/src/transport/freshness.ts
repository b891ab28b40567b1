/** How long an answer may be used without a new request, according to its headers (RFC 9111). */

/** `name`, `name=token` or `name="quoted"`: a quoted string may hold commas (RFC 9111 §5.2). */
const DIRECTIVE = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?/g

/**
 * Seconds for which the answer is fresh, as a private cache reads it; null when `Cache-Control`
 * does not say.
 *
 * `no-store` and `no-cache` count as 0, and so does a `max-age` that is invalid or repeated
 * (§4.2.1: stale when in doubt). The time the answer spent in caches is subtracted (§4.2.3).
 * `Expires` is not read: it needs a shared clock.
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

/** RFC 9111 §1.2.2: a value too large to represent means a very long time. */
function secondsOf(text: string | null | undefined): number | null {
  return text != null && /^\d+$/.test(text) ? Math.min(Number(text), 2 ** 31) : null
}
