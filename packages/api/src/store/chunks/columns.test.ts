import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ColumnReader, ColumnWriter } from './columns.ts'
import { seededRandom } from './seeded-random.fixture.ts'

type Kind = 'integers' | 'numbers' | 'optionalNumbers' | 'texts'

function written(kind: Kind, values: readonly unknown[]): Uint8Array {
  const writer = new ColumnWriter()
  writer[kind](values as never)
  return writer.done()
}

function assertExact(kind: Kind, values: readonly unknown[]): void {
  const read = new ColumnReader(written(kind, values))[kind](values.length)
  assert.equal(read.length, values.length)
  for (const [index, value] of values.entries()) {
    assert.ok(Object.is(read[index], value), `${kind}: ${String(value)} became ${read[index]}`)
  }
}

const MAX = Number.MAX_SAFE_INTEGER

const COLUMNS: Readonly<Record<Kind, readonly (readonly unknown[])[]>> = {
  integers: [
    [],
    [0],
    [-1],
    [MAX, -MAX, 0, 1],
    [2 ** 50, -(2 ** 50), 2 ** 50, -(2 ** 50)],
    [2 ** 50 + 1, 0],
    [8.64e15, -8.64e15],
    [5, 5, 5],
    [1, 2, 3, 4, 6],
    [1_767_323_045_000, 1_767_323_105_000, 1_767_323_165_001],
  ],
  numbers: [
    [],
    [0],
    [-0],
    [0, -0, 0.1],
    [0.1, 0.2, 0.30000000000000004],
    [1e-9, 1],
    [1e-10],
    [1e300, -1e300, 5e-324, Number.MAX_VALUE],
    [MAX, 0.5],
    [-33.456789012345, 179.99999999],
    [800, 812.5, 799.25],
    [2 ** 53, 2 ** 60],
  ],
  optionalNumbers: [[], [null], [null, null], [null, -0, null, 3.5], [1, 2, 3]],
  texts: [
    [],
    [null],
    [''],
    ['', null, ''],
    ['a', 'b', null, 'a', 'ñ\u0000🚚'],
    ['x'.repeat(100_000), 'y'],
  ],
}

describe('columns', () => {
  for (const [kind, columns] of Object.entries(COLUMNS)) {
    for (const values of columns) {
      it(`of ${kind} are read as they were written: ${JSON.stringify(values).slice(0, 60)}`, () => {
        assertExact(kind as Kind, values)
      })
    }
  }

  it('of any numbers are read as they were written', () => {
    const random = seededRandom(1)
    for (let round = 0; round < 300; round++) {
      const scale = 10 ** Math.floor(random() * 20 - 4)
      const places = Math.floor(random() * 14)
      const length = Math.floor(random() * 50)
      const decimal = () => Number(((random() - 0.5) * scale).toFixed(places))
      assertExact('numbers', Array.from({ length }, decimal))
      const integer = () => Math.round((random() - 0.5) * Math.min(scale, MAX))
      // Integers have no negative zero.
      assertExact(
        'integers',
        Array.from({ length }, () => integer() + 0),
      )
    }
  })

  it('follow each other', () => {
    const writer = new ColumnWriter()
    writer.count(2 ** 40)
    writer.integers([1, 2])
    writer.texts(['a', 'b'])
    writer.numbers([0.5, 1])
    const reader = new ColumnReader(writer.done())
    assert.equal(reader.count(), 2 ** 40)
    assert.deepEqual(reader.integers(2), [1, 2])
    assert.deepEqual(reader.texts(2), ['a', 'b'])
    assert.deepEqual(reader.numbers(2), [0.5, 1])
  })

  it('of regular values take little more than a byte each', () => {
    const random = seededRandom(2)
    const times = Array.from({ length: 1000 }, (_, index) => 1_767_323_045_000 + index * 60_000)
    assert.ok(written('integers', times).length < 40)
    const speeds = times.map((_, index) => Math.round(80 + 20 * Math.sin(index) + 5 * random()))
    const bytes = written('numbers', speeds).length
    assert.ok(bytes < 1200, `${bytes} bytes`)
  })

  it('that are damaged or of an unknown form are refused', () => {
    const whole = written('texts', ['a'.repeat(1000), 'b'])
    assert.throws(() => new ColumnReader(Uint8Array.of(7, ...whole.slice(1))), /unknown form/)
    assert.throws(() => new ColumnReader(whole.slice(0, -3)))
    const plain = written('integers', [1, 5, 9, 700])
    assert.throws(() => new ColumnReader(plain.slice(0, -1)).integers(4), /too early/)
    assert.throws(() => new ColumnReader(plain.slice(0, 1)).count(), /too early/)
  })
})
