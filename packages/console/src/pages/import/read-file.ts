/** The rows of a chosen file, by the rules of `miot clients import`. */

import {
  type ClientRow,
  readClients,
  refuseRepeated,
  withoutEnvironment,
} from '@modulariot/auth/client-file'

/** All rows are in memory at once, and each costs the server some. */
export const MAX_ROWS = 100_000
export const MAX_FILE_BYTES = 64 * 1024 ** 2

export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge'
}

export class FileIsUtf16 extends Error {
  override readonly name = 'FileIsUtf16'
}

export interface ReadOptions {
  readonly name: string
  readonly audience: string
  /** Why a row that names an environment is refused. */
  readonly environmentRefused: string
}

/** @throws ClientFileError, FileTooLarge, FileIsUtf16, DOMException when it cannot be read. */
export async function readFile(
  file: Blob,
  { environmentRefused, ...options }: ReadOptions,
): Promise<readonly ClientRow[]> {
  if (file.size > MAX_FILE_BYTES) throw new FileTooLarge()
  const [one = 0, two = 0] = new Uint8Array(await file.slice(0, 2).arrayBuffer())
  const mark = (one << 8) | two
  if (mark === 0xfffe || mark === 0xfeff) throw new FileIsUtf16()
  const rows: ClientRow[] = []
  const read = withoutEnvironment(readClients(chunksOf(file), options), environmentRefused)
  for await (const row of refuseRepeated(read)) {
    if (rows.length === MAX_ROWS) throw new FileTooLarge()
    rows.push(row)
  }
  return rows
}

/** Not every browser can iterate a stream. */
async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
}
