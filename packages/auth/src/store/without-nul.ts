/** Replaces U+0000 in text that a caller sent. */

/**
 * PostgreSQL text cannot contain U+0000; a query with it fails, and the response would be a 500.
 * U+2400 is searched for instead; our ids contain neither. The embedded store writes U+2400 too, so
 * that its data can move to PostgreSQL.
 */
export function withoutNul<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.replaceAll('\0', '\u2400')) as Text
}

/** Of a statement's parameter, which need not be text. */
export function withoutNulIn(parameter: unknown): unknown {
  return typeof parameter === 'string' ? withoutNul(parameter) : parameter
}
