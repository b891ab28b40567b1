import assert from 'node:assert/strict'
import { closeSync, mkdtempDisposableSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { createRowWriter, type Format } from './export-formats.ts'
import { COLUMNS, type ExportRow, eventRow, metricRow, positionRow } from './export-rows.ts'

const at = '2026-01-15T12:00:00.250Z'
const position = { latitude: -33.45, longitude: -70.66, altitude: null, speed: 0 }
const more = { heading: null, accuracy: 4.5, satellites: 9 }
const POSITION = positionRow('=HYPERLINK("x")', { timestamp: at, ...position, ...more })
const none = { unit: null, source: null, quality: null }
const METRICS = [
  metricRow('T-1', { key: 'engine.rpm', timestamp: at, seq: 7, value: 1500.5, ...none }),
  metricRow('T-1', { key: 'door', timestamp: at, seq: null, value: 'open, "wide"', ...none }),
]

/** The file that a format writes. */
async function written(
  format: Format,
  data: keyof typeof COLUMNS,
  rows: Iterable<ExportRow>,
): Promise<Buffer> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-export-'))
  const path = join(folder.path, 'out')
  const file = openSync(path, 'wx', 0o600)
  const writer = await createRowWriter(format, COLUMNS[data], file)
  for (const row of rows) writer.write(row)
  await writer.finish()
  closeSync(file)
  return readFileSync(path)
}

const arrayBufferOf = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer

it('CSV has a header, and no text that a spreadsheet runs', async () => {
  const [head, row, end] = String(await written('csv', 'positions', [POSITION])).split('\r\n')
  assert.equal(
    head,
    'asset_id,timestamp,latitude,longitude,altitude,speed,heading,accuracy,satellites',
  )
  assert.equal(row, `"'=HYPERLINK(""x"")",${at},-33.45,-70.66,,0,,4.5,9`)
  assert.equal(end, '')
})

it('NDJSON has an object for each row', async () => {
  const lines = String(await written('ndjson', 'metrics', METRICS))
    .trim()
    .split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {
        asset_id: 'T-1',
        key: 'engine.rpm',
        timestamp: at,
        seq: 7,
        number: 1500.5,
        json: null,
        ...none,
      },
      {
        asset_id: 'T-1',
        key: 'door',
        timestamp: at,
        seq: null,
        number: null,
        json: '"open, \\"wide\\""',
        ...none,
      },
    ],
  )
})

it('Parquet has typed columns, in groups of rows that need not be held together', async () => {
  const [one, two] = METRICS as [ExportRow, ExportRow]
  const rows = Array.from({ length: 45_000 }, (_, index) => (index === 0 ? one : two))
  const file = arrayBufferOf(await written('parquet', 'metrics', rows))
  assert.equal(parquetMetadata(file).row_groups.length, 3)
  const [first, second, ...others] = await parquetReadObjects({ file })
  assert.equal(others.length, 44_998)
  const timestamp = new Date(at)
  const common = { asset_id: 'T-1', timestamp, ...none }
  assert.deepEqual(first, { ...common, key: 'engine.rpm', seq: 7n, number: 1500.5, json: null })
  const json = '"open, \\"wide\\""'
  assert.deepEqual(second, { ...common, key: 'door', seq: null, number: null, json })
})

it('an export without rows is a whole file in every format', async () => {
  assert.equal(String(await written('ndjson', 'events', [])), '')
  const head = 'asset_id,timestamp,event_type,severity,json\r\n'
  assert.equal(String(await written('csv', 'events', [])), head)
  const file = arrayBufferOf(await written('parquet', 'events', []))
  assert.deepEqual(await parquetReadObjects({ file }), [])
})

it('an event keeps its text, and Parquet leaves out a time that no date holds', async () => {
  const event = { asset_id: 'T-1', event_type: 'door', timestamp: '2016-12-31T23:59:60Z' }
  const file = arrayBufferOf(await written('parquet', 'events', [eventRow(event)]))
  const json = JSON.stringify(event)
  const row = { asset_id: 'T-1', timestamp: null, event_type: 'door', severity: null, json }
  assert.deepEqual(await parquetReadObjects({ file }), [row])
})
