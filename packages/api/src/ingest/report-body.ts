/** The body of a request that reports, from the bytes as they came to those that were meant. */

import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { ApiError } from '../errors/api-error.ts'

export interface ReportBody {
  readonly bytes: Buffer
  /** Compressed still. */
  readonly gzip: boolean
  /** How many there may be, compressed or not. */
  readonly maxBytes: number
}

const inflate = promisify(gunzip)

/**
 * The bytes that were meant, where they are few.
 *
 * @returns null where there are more than `max`; of those no more have been inflated.
 * @throws ApiError 400 for what is not gzip.
 */
export function bytesUpTo(
  max: number,
  { bytes, gzip }: ReportBody,
): Buffer | null | Promise<Buffer | null> {
  if (bytes.length > max) return null
  if (!gzip) return bytes
  return inflate(bytes, { maxOutputLength: max }).catch((error) =>
    isTooLarge(error) ? null : Promise.reject(refusalOf(error)),
  )
}

/** However many there are; it takes its time. @throws ApiError 413, or 400 for what is not gzip. */
export function allBytes({ bytes, gzip, maxBytes }: ReportBody): Buffer {
  if (!gzip) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    throw isTooLarge(error) ? tooLarge(maxBytes) : refusalOf(error)
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

const isTooLarge = (error: unknown): boolean => codeOf(error) === 'ERR_BUFFER_TOO_LARGE'

function refusalOf(error: unknown): unknown {
  if (!codeOf(error).startsWith('Z_')) return error
  return new ApiError(400, 'Invalid gzip', 'The body is not gzip, or was cut off')
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(
    413,
    'Body too large',
    `The decompressed body is larger than ${mebibytes(maxBytes)}`,
  )
}

export function mebibytes(bytes: number): string {
  return `${bytes / 1024 ** 2} MiB`
}
