/** What a file that holds a setting or a secret says: one reading for `miot` and the SDK. */

const LINE_BREAKS = new Set(['\r', '\n'])

/**
 * The content without a byte order mark at its beginning and without line breaks at its end, which
 * editors and `echo` leave behind. Spaces are part of it.
 *
 * @param content of the file, decoded as UTF-8.
 */
export function settingText(content: string): string {
  const start = content.startsWith('\uFEFF') ? 1 : 0
  let end = content.length
  while (end > start && LINE_BREAKS.has(content[end - 1] as string)) end--
  return content.slice(start, end)
}
