/** Reads an answer's body without trusting its length. */

/** The longest metadata document or key set that is read. */
export const MAX_DOCUMENT_BYTES = 256 * 1024

/** The body is longer than any legitimate answer. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong'
}

/**
 * The body as text.
 *
 * @throws BodyTooLong when it exceeds the limit, the rest unread; whatever the stream throws.
 */
export async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new BodyTooLong(`the answer is longer than ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** Discards a body that will not be read, so that its connection is released. Never throws. */
export function discardBody(response: Response): void {
  if (response.body === null || response.body.locked) return
  response.body.cancel().catch(() => {})
}
