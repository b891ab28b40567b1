/**
 * Serializes server-sent events (WHATWG HTML §9.2.6) in pieces, so that little is buffered for a
 * reader that stalls.
 */

/** Characters after which a piece is sent. */
const PIECE = 16 * 1024
/**
 * Characters of data appended at a time. A line end becomes seven characters, so a piece stays
 * below 32 Ki.
 */
const SLICE = 2 * 1024

/**
 * @param parts the data in pieces, JSON. Line ends occur only between tokens, where extra ones do
 *   no harm. Not joined first, since one part may be a mebibyte.
 */
export function* eventText(event: string, parts: readonly string[], id?: number) {
  let text = `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: `
  for (const data of parts) {
    for (let start = 0; start < data.length; ) {
      const end = pieceEnd(data, start)
      text += data.slice(start, end).replaceAll(/\r\n|\r|\n/g, '\ndata: ')
      start = end
      if (text.length < PIECE) continue
      yield text
      text = ''
    }
  }
  yield `${text}\n\n`
}

/** The end of the next slice, never within a surrogate pair or a CRLF. */
function pieceEnd(data: string, start: number): number {
  const end = Math.min(start + SLICE, data.length)
  const last = data.charCodeAt(end - 1)
  const isFirstHalf = (last >= 0xd800 && last <= 0xdbff) || last === 0x0d
  return isFirstHalf ? Math.min(end + 1, data.length) : end
}
