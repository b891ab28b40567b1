/** Apache Parquet, by hyparquet-writer (ADR 45). Loaded only for an export to it. */

import { fsyncSync } from 'node:fs'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { writeAll } from '../files/write-all.ts'
import type { Column, ColumnType, ExportRow, RowWriter } from './export-rows.ts'

/** Readers read a group of rows whole; larger ones compress better and take more memory here. */
const ROWS_IN_GROUP = 20_000

type Element = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]

/** Every column is optional: a device need not report it. */
const ELEMENTS: Readonly<Record<ColumnType, Omit<Element, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  number: { type: 'DOUBLE', repetition_type: 'OPTIONAL' },
  integer: { type: 'INT64', repetition_type: 'OPTIONAL' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'OPTIONAL' },
}

export function createParquetWriter(columns: readonly Column[], file: number): RowWriter {
  const bytes = new ByteWriter()
  const flush = (): void => {
    writeAll(file, new Uint8Array(bytes.buffer, 0, bytes.index))
    bytes.index = 0
  }
  const schema: Element[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, type }) => ({ name, ...ELEMENTS[type] })),
  ]
  const parquet = new ParquetWriter({ writer: bytes, schema, createdBy: 'ModularIoT' })
  let rows: ExportRow[] = []
  const writeGroup = (): void => {
    if (rows.length === 0) return
    const columnData = columns.map(({ name, type }, at) => ({
      name,
      data: rows.map((row) => parquetValue(type, row[at] ?? null)),
    }))
    parquet.write({ columnData, rowGroupSize: ROWS_IN_GROUP })
    flush()
    rows = []
  }
  return {
    write(row) {
      rows.push(row)
      if (rows.length === ROWS_IN_GROUP) writeGroup()
    },
    async finish() {
      writeGroup()
      parquet.finish()
      flush()
      fsyncSync(file)
    },
  }
}

/** Null for a time that no date holds, such as a leap second. */
function parquetValue(type: ColumnType, value: string | number | null) {
  if (value === null) return null
  if (type === 'integer') return BigInt(value)
  if (type !== 'time') return value
  const ms = Date.parse(String(value))
  return Number.isNaN(ms) ? null : new Date(ms)
}
