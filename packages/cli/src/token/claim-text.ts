/** Members of a token as text for people; JSON output keeps them as they are. */

import { utc } from '../terminal/times.ts'

export function asText([name, value]: [string, unknown]): readonly [string, string] {
  return [name, typeof value === 'string' ? value : JSON.stringify(value)]
}

/** A claim; what counts seconds since 1970 (RFC 7519 §2, NumericDate) also as a time. */
export function asClaim([name, value]: [string, unknown]): readonly [string, string] {
  const isTime = ['exp', 'iat', 'nbf'].includes(name) && typeof value === 'number'
  if (isTime && Math.abs(value) < 8.64e12) {
    return [name, `${value} (${utc(new Date(value * 1000).toISOString())})`]
  }
  return asText([name, value])
}
