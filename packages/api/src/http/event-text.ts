/**
 * Server-sent events as text (the WHATWG HTML standard, §9.2.6), cut so that a reader who takes
 * nothing has little written for it.
 */

/** Characters: a piece is sent when it has as many. */
const PIECE = 16 * 1024
/**
 * Taken at once of the data. Each may be a line end, which becomes seven: a piece has less than 32
 * Ki.
 */
const SLICE = 2 * 1024

/**
 * @param parts of the data, JSON: a line end in it stands between tokens, and may become several.
 *   They are
 * not put together first, since one of them may be a mebibyte.
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

/** Not between the halves of a character or of a line end. */
function pieceEnd(data: string, start: number): number {
  const end = Math.min(start + SLICE, data.length)
  const last = data.charCodeAt(end - 1)
  const isFirstHalf = (last >= 0xd800 && last <= 0xdbff) || last === 0x0d
  return isFirstHalf ? Math.min(end + 1, data.length) : end
}
