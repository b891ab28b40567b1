/**
 * `MIOT_CORS_ORIGINS`: the web pages that may call login, API and admin API. Exact, since a pattern
 * that is a little too wide gives a stranger's page access.
 */

import { isLoopback } from './parsers.ts'

/**
 * Origins from a comma-separated list, as browsers send them.
 *
 * @throws Error naming the invalid item.
 */
export function parseCorsOrigins(text: string): readonly string[] {
  return text.split(',').map((item) => parseItem(item.trim()))
}

function parseItem(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  const quoted = JSON.stringify(text)
  if (!/^https?:/.test(origin) || text.includes('*')) {
    throw new Error(
      `must list origins such as https://app.example.com, separated by commas: ${quoted} is none`,
    )
  }
  if (origin !== text) throw new Error(`must list origins only: write ${origin} for ${quoted}`)
  const { protocol, hostname } = new URL(text)
  // Everyone on the way could change such a page.
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))) {
    throw new Error(`must list https origins (http only on loopback), which ${quoted} is not`)
  }
  return origin
}
