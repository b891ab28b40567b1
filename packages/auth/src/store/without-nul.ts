/** Searching for text that a caller sent. */

/**
 * PostgreSQL text cannot contain U+0000, and a query with it fails, which would answer 500.
 * Searches for U+2400 instead; none of our ids contains either character. The embedded store also
 * writes U+2400 where it keeps such a text, so that its data can move to PostgreSQL.
 */
export function withoutNul<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.replaceAll('\0', '\u2400')) as Text
}
