/** Where bytes are not UTF-8, and what to do about it; in a browser too. */

// The byte order mark stays, so that positions are those of the bytes.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

/** Null when the bytes are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes)
  } catch {
    return null
  }
}

/** What to do about a line that is not UTF-8. */
export function utf8Fault(bytes: Uint8Array): {
  readonly message: string
  readonly detail: string
} {
  const at = firstInvalid(bytes)
  const byte = (bytes[at] as number).toString(16).toUpperCase()
  return {
    message: 'Not valid UTF-8',
    detail: `Byte ${at + 1} of the line is 0x${byte}; convert the file, such as with iconv -f ISO-8859-1 -t UTF-8`,
  }
}

const REPLACEMENT = [0xef, 0xbf, 0xbd]

/** Index of the first byte that does not continue valid UTF-8, where decoding puts U+FFFD. */
export function firstInvalid(bytes: Uint8Array): number {
  const text = decoder.decode(bytes)
  for (let at = text.indexOf('\ufffd'); at !== -1; at = text.indexOf('\ufffd', at + 1)) {
    const before = encoder.encode(text.slice(0, at)).length
    // The file may contain that character itself.
    if (REPLACEMENT.some((byte, index) => bytes[before + index] !== byte)) return before
  }
  return 0
}
