/** The formats of an export. Each writes rows as they come, and holds a bounded number of them. */

import { fsyncSync } from 'node:fs'
import { csvLine } from '@modulariot/platform/csv-line'
import { writeAll } from '../files/write-all.ts'
import type { Column, ExportRow, RowWriter } from './export-rows.ts'

export const FORMATS = ['csv', 'ndjson', 'parquet'] as const
export type Format = (typeof FORMATS)[number]

/** Characters gathered before a write. */
const TEXT_LENGTH = 64 * 1024

/** @param file an empty file, open for writing. */
export async function createRowWriter(
  format: Format,
  columns: readonly Column[],
  file: number,
): Promise<RowWriter> {
  if (format === 'parquet') {
    return (await import('./export-parquet.ts')).createParquetWriter(columns, file)
  }
  const names = columns.map(({ name }) => name)
  if (format === 'ndjson') {
    return textWriter(file, '', (row) => {
      return `${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at]])))}\n`
    })
  }
  return textWriter(file, csvLine(names), csvLine)
}

function textWriter(file: number, head: string, lineOf: (row: ExportRow) => string): RowWriter {
  let text = head
  const flush = (): void => {
    writeAll(file, Buffer.from(text))
    text = ''
  }
  return {
    write(row) {
      text += lineOf(row)
      if (text.length >= TEXT_LENGTH) flush()
    },
    async finish() {
      flush()
      fsyncSync(file)
    },
  }
}
