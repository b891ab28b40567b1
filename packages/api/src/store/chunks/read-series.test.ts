import assert from 'node:assert/strict'
import { it } from 'node:test'
import { boundsOf } from '../page-bounds.ts'
import type { Chunk } from './chunk.ts'
import { readSeries } from './read-series.ts'
import { POSITIONS, type PositionRow } from './series-kinds.ts'

function rowAt(timestamp_ms: number): PositionRow {
  const unknown = { altitude: null, speed: null, heading: null, accuracy: null, satellites: null }
  return { timestamp_ms, seq: 1, latitude: 0, longitude: 0, ...unknown }
}

/** It cannot be decoded. */
function damagedChunk(timestamp_ms: number, last_ms: number): Chunk {
  return { timestamp_ms, sequence: 0, seq: 1, item: 0, last_ms, data: Uint8Array.of(7) }
}

for (const [newestFirst, chunk] of [
  [true, damagedChunk(10, 19)],
  [false, damagedChunk(23, 29)],
] as const) {
  it(`chunks after the rows that were read are not decoded, newestFirst: ${newestFirst}`, async () => {
    const rows = newestFirst ? [rowAt(22), rowAt(20)] : [rowAt(20), rowAt(22)]
    const bounds = boundsOf({ after: null, limit: 2, newestFirst }, 2)
    const series = readSeries(POSITIONS, '', bounds, {
      rows: async () => ({ rows, more: true }),
      chunks: async () => [chunk],
    })
    assert.deepEqual((await series.next()).value, rows)
  })
}
