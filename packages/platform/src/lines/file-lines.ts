/**
 * The lines of a file or a pipe as bytes, numbered, in memory one at a time; in a browser too.
 *
 * Lines are split before anything is decoded, so that a byte that is not UTF-8 concerns its own
 * line only.
 */

const NEWLINE = 0x0a

export interface FileLine {
  /** From 1; blank lines count. */
  readonly line: number
  /** Without the line feed; null when longer than the limit. */
  readonly bytes: Uint8Array | null
  /** Bytes of the file up to the end of this line. */
  readonly end: number
}

/** @param maxBytes of a longer line no more than this is held. */
export async function* fileLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<FileLine> {
  let held: Uint8Array[] = []
  let length = 0
  let line = 1
  let end = 0
  const hold = (piece: Uint8Array): void => {
    length += piece.length
    end += piece.length
    if (length > maxBytes) held = []
    else held.push(piece)
  }
  const take = (): FileLine => {
    const bytes = length > maxBytes ? null : concat(held, length)
    held = []
    length = 0
    return { line: line++, bytes, end }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let newline = chunk.indexOf(NEWLINE); newline !== -1; ) {
      hold(chunk.subarray(start, newline))
      end++
      yield take()
      start = newline + 1
      newline = chunk.indexOf(NEWLINE, start)
    }
    hold(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

function concat(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
