/** Writes to an open file. The system may take a part of the bytes at a time. */

import { writeSync } from 'node:fs'

/** @param position in the file; left out, where it was written last. */
export function writeAll(file: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length; ) {
    const place = position === undefined ? null : position + at
    at += writeSync(file, bytes, at, bytes.length - at, place)
  }
}
