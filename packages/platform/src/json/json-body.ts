/** From the bytes of a body to its text. */

import { isUtf8 } from 'node:buffer'
import { JsonBodyError, withoutBom } from './unique-json.ts'

/**
 * The text of a body, without a byte order mark (RFC 8259 §8.1 allows to ignore one).
 *
 * @throws JsonBodyError when the bytes are not UTF-8.
 */
export function decodeUtf8(body: Buffer): string {
  if (!isUtf8(body)) throw new JsonBodyError('The body is not valid UTF-8')
  return withoutBom(body.toString('utf8'))
}
