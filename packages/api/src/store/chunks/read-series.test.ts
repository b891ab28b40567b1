import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bounds, boundsOf } from '../page-bounds.ts'
import { type Chunk, chunksOf, firstKeyOf, weekStartMs } from './chunk.ts'
import { MAX_CHUNKS, readSeries, type SeriesSource } from './read-series.ts'
import { seededRandom } from './seeded-random.fixture.ts'
import { compareKeys, POSITIONS, type PositionRow, type SeriesKey } from './series-kinds.ts'

const START_MS = weekStartMs(1_767_323_045_000)

function rowOf(second: number, seq: number): PositionRow {
  const unknown = { altitude: null, speed: null, heading: null, accuracy: null, satellites: null }
  return { timestamp_ms: START_MS + second * 1000, seq, latitude: seq, longitude: 0, ...unknown }
}

const keyOf = POSITIONS.keyOf
const inOrder = (rows: readonly PositionRow[]): PositionRow[] =>
  rows.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)))

/** Chunks of a few rows each. */
function smallChunks(rows: readonly PositionRow[], size: number): Chunk[] {
  const chunks: Chunk[] = []
  for (let from = 0; from < rows.length; from += size) {
    chunks.push(...chunksOf(POSITIONS, rows.slice(from, from + size)))
  }
  return chunks
}

/** What the queries of the adapters answer. */
function sourceOf(
  table: readonly PositionRow[],
  chunks: readonly Chunk[],
  { direction, from_ms, to_ms }: Bounds,
  limit: number,
): SeriesSource<PositionRow> {
  const sign = direction === 'newest' ? -1 : 1
  const isAfter = (key: SeriesKey, after: SeriesKey) => sign * compareKeys(key, after) > 0
  const within = ({ timestamp_ms }: PositionRow) => timestamp_ms >= from_ms && timestamp_ms < to_ms
  return {
    async rows(after) {
      const all = table.filter((row) => within(row) && isAfter(keyOf(row), after))
      const ordered = direction === 'newest' ? all.toReversed() : all
      return { rows: ordered.slice(0, limit), more: ordered.length > limit }
    },
    async chunks(after) {
      const beyond = chunks.filter((chunk) => isAfter(firstKeyOf(chunk), after))
      if (direction === 'newest') return beyond.slice(-MAX_CHUNKS)
      const around = chunks.filter((chunk) => !isAfter(firstKeyOf(chunk), after)).slice(-1)
      const next = beyond.filter(({ timestamp_ms }) => timestamp_ms < to_ms)
      return [...next.slice(0, MAX_CHUNKS), ...around]
    },
  }
}

async function readAll(
  table: readonly PositionRow[],
  chunks: readonly Chunk[],
  bounds: Bounds,
  limit = 7,
): Promise<number[]> {
  const seqs: number[] = []
  const source = sourceOf(table, chunks, bounds, limit)
  for await (const rows of readSeries(POSITIONS, '', bounds, source)) {
    seqs.push(...rows.map(({ seq }) => seq))
  }
  return seqs
}

const seqsOf = (rows: readonly PositionRow[]): number[] => rows.map(({ seq }) => seq)

describe('a series of rows and chunks', () => {
  it('has every row once, in order, however they are divided', async () => {
    const random = seededRandom(7)
    for (let round = 0; round < 200; round++) {
      const count = Math.floor(random() * 120)
      // Some have the same time.
      const rows = inOrder(
        Array.from({ length: count }, (_, seq) => rowOf(Math.floor(random() * 60), seq + 1)),
      )
      const old = rows.filter(() => random() < 0.6)
      // A few are in both, as rows that move while they are read.
      const table = rows.filter((row) => !old.includes(row) || random() < 0.1)
      const chunks = smallChunks(old, 1 + Math.floor(random() * 9))
      for (const newestFirst of [false, true]) {
        const second = () => START_MS + Math.floor(random() * 70 - 5) * 1000
        const [from_ms, to_ms] = random() < 0.5 ? [undefined, undefined] : [second(), second()]
        const after = random() < 0.5 ? null : [second(), Math.floor(random() * count)]
        const query = { from_ms, to_ms, after, limit: 1, newestFirst }
        const bounds = boundsOf(query, 2)
        const start = POSITIONS.keyFrom(bounds.start)
        const expected = (newestFirst ? rows.toReversed() : rows).filter((row) => {
          const order = compareKeys(keyOf(row), start)
          const isBeyond = newestFirst ? order < 0 : order > 0
          return isBeyond && row.timestamp_ms >= bounds.from_ms && row.timestamp_ms < bounds.to_ms
        })
        assert.deepEqual(
          await readAll(table, chunks, bounds, 1 + Math.floor(random() * 20)),
          seqsOf(expected),
          `round ${round}, ${JSON.stringify(query)}`,
        )
      }
    }
  })

  it('of many chunks is read to its end', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => rowOf(index, index + 1))
    const chunks = smallChunks(rows, 10)
    for (const newestFirst of [false, true]) {
      const bounds = boundsOf({ after: null, limit: 1, newestFirst }, 2)
      const expected = seqsOf(newestFirst ? rows.toReversed() : rows)
      assert.deepEqual(await readAll([], chunks, bounds), expected)
    }
  })

  it('reads no further than its consumer asks', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => rowOf(index, index + 1))
    const bounds = boundsOf({ after: null, limit: 1 }, 2)
    const whole = sourceOf([], smallChunks(rows, 10), bounds, 7)
    let queries = 0
    const source: SeriesSource<PositionRow> = {
      rows: whole.rows,
      chunks: (after) => {
        queries++
        return whole.chunks(after)
      },
    }
    for await (const batch of readSeries(POSITIONS, '', bounds, source)) {
      assert.equal(batch.length, 10 * MAX_CHUNKS)
      break
    }
    assert.equal(queries, 1)
  })

  for (const newestFirst of [false, true]) {
    it(`does not decode chunks after the rows that were read, newestFirst: ${newestFirst}`, async () => {
      const rows = [rowOf(20, 1), rowOf(22, 1)]
      const second = START_MS + (newestFirst ? 10_000 : 23_000)
      const key = { timestamp_ms: second, sequence: 0, seq: 1, item: 0, last_ms: second + 5000 }
      const damaged = { ...key, data: Uint8Array.of(7) }
      const bounds = boundsOf({ after: null, limit: 2, newestFirst }, 2)
      const ordered = newestFirst ? rows.toReversed() : rows
      const series = readSeries(POSITIONS, '', bounds, {
        rows: async () => ({ rows: ordered, more: true }),
        chunks: async () => [damaged],
      })
      assert.deepEqual((await series.next()).value, ordered)
    })
  }
})
