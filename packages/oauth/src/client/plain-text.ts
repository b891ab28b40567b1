/** Text from outside, made fit for an error message or a log line: short, on one line, without secrets. */

const MAX_LENGTH = 300
const REDACTED = '[redacted]'
/** Whatever looks like a JWT may be a token or an assertion, ours or another's. */
const JWT = /[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}/g

/** @param secrets what must not appear, in any of the ways a form or a URL spells it. */
export function plainText(text: string, secrets: readonly string[]): string {
  let plain = text
  for (const secret of secrets) {
    for (const spelling of spellingsOf(secret)) plain = plain.replaceAll(spelling, REDACTED)
  }
  plain = plain.replaceAll(JWT, REDACTED).replaceAll(/[^\x20-\x7e\xa0-\uffff]+/g, ' ')
  return plain.length > MAX_LENGTH ? `${plain.slice(0, MAX_LENGTH)}…` : plain
}

/** The longest first, so that none is cut by another. */
function spellingsOf(secret: string): string[] {
  if (secret === '') return []
  const form = new URLSearchParams({ '': secret }).toString().slice(1)
  const json = JSON.stringify(secret).slice(1, -1)
  return [form, encodeURIComponent(secret), json, secret].sort((a, b) => b.length - a.length)
}
