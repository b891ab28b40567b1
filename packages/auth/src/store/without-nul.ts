/** Text to look for that may come from anybody. */

/**
 * PostgreSQL has no text with a NUL in it and refuses to look for one, which must not be a fault of ours. A
 * sign that stands for it is looked for instead; nothing that is found by an id of ours has either. The embedded
 * store writes the sign, too, where it keeps such a text: what it holds must be able to move to PostgreSQL.
 */
export function sought<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.replaceAll('\0', '\u2400')) as Text
}
