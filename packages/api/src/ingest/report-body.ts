/** The body of a report request, and its decompression. */

import { promisify } from 'node:util'
import { gunzip, gunzipSync } from 'node:zlib'
import { ApiError } from '../errors/api-error.ts'

export interface ReportBody {
  readonly bytes: Buffer
  /** Whether `bytes` are compressed. */
  readonly gzip: boolean
  /** Maximum size, both compressed and decompressed. */
  readonly maxBytes: number
}

const inflate = promisify(gunzip)

/**
 * The decompressed body, if it has at most `max` bytes.
 *
 * @returns null for a larger body, of which at most `max` bytes are decompressed.
 * @throws ApiError 400 for invalid gzip.
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

/** The decompressed body. Synchronous and slow. @throws ApiError 413, or 400 for invalid gzip. */
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
  return new ApiError(400, 'Invalid gzip', 'The body is not valid gzip, or is truncated')
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
