/**
 * Makes text from outside fit for an error message or a log line: short, on one line, without
 * secrets.
 */

import { replaceHiddenCharacters } from '../protocol/index.ts'

const MAX_LENGTH = 300
const REDACTED = '[redacted]'
/** Only this much of a text is processed, so that a long one cannot keep the process busy. */
const MAX_READ = 4096
/**
 * Whatever looks like a JWT may be a token or an assertion, ours or another's.
 *
 * Matched only at the beginning of a run of characters: matching at each of them would take
 * quadratic time on a run without dots.
 */
const JWT = /(?<![\w-])[\w-]{4,}\.[\w-]{4,}\.[\w-]{4,}/g

/** @param secrets what must not appear, in any spelling that a form or a URL gives it. */
export function plainText(text: string, secrets: readonly string[]): string {
  let plain = text.length > MAX_READ ? cutOff(text, secrets) : text
  for (const secret of secrets) {
    for (const spelling of spellingsOf(secret)) plain = plain.replaceAll(spelling, REDACTED)
  }
  plain = replaceHiddenCharacters(plain.replaceAll(JWT, REDACTED), () => ' ')
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain
}

/**
 * Drops the end, which may hold the first half of a secret or a token, too short to be recognized.
 */
function cutOff(text: string, secrets: readonly string[]): string {
  const longest = Math.max(0, ...secrets.flatMap(spellingsOf).map(({ length }) => length))
  const kept = text.slice(0, Math.max(0, MAX_READ - longest))
  const end = kept.search(/[\w.~+/=%-]*$/)
  return `${kept.slice(0, end)}…`
}

/** Longest first, so that replacing one does not break up another. */
function spellingsOf(secret: string): string[] {
  if (secret === '') return []
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const json = JSON.stringify(secret).slice(1, -1)
  return [form, encodeURIComponent(secret), json, secret].sort((a, b) => b.length - a.length)
}
