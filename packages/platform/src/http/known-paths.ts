/**
 * The methods of every path, for requests whose method the router does not know (`PROPFIND`, or one
 * that a proxy made up): they get 405 like the others, and not 404 (RFC 9110 §15.5.6).
 *
 * A route for each of Node's thirty-odd methods would multiply the router's size instead.
 */

interface KnownPath {
  readonly pattern: RegExp
  readonly methods: string[]
}

export class KnownPaths {
  readonly #paths = new Map<string, KnownPath>()

  /** @param url in the router's notation: `/things/:id`, `/files/*`. */
  add(url: string, methods: readonly string[]): void {
    const known = this.#paths.get(url) ?? { pattern: patternOf(url), methods: [] }
    known.methods.push(...methods.filter((name) => !known.methods.includes(name)))
    this.#paths.set(url, known)
  }

  /** The value of `Allow`; null for an unknown path. */
  allow(url: string): string | null {
    const [path = ''] = url.split('?', 1)
    for (const { pattern, methods } of this.#paths.values()) {
      if (pattern.test(path)) return methods.join(', ')
    }
    return null
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split(/:\w+/).map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('[^/]+').replace(/\\\*$/, '.*')}$`)
}
