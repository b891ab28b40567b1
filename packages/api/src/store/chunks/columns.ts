/**
 * Encodes columns of rows as bytes, compactly and exactly: what is read is what was written.
 *
 * Values of one column resemble each other. Integers are stored as differences, decimal fractions
 * as integers, and texts as places in a list of the distinct ones. What is left is compressed.
 */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** The first byte: how the others are stored. */
const PLAIN = 0
const COMPRESSED = 1

/** Far above what an encoder of this project writes at once. */
const MAX_DECODED_BYTES = 64 * 1024 ** 2

/** How the integers of a column are stored: as they are, or as first or second differences. */
const ORDERS = [0, 1, 2] as const
type Order = (typeof ORDERS)[number]

/** Added to the order if all differences are the same, which is then stored once. */
const SAME = ORDERS.length

/** Stored as doubles; otherwise the form is an order, or for numbers their decimal places. */
const DOUBLES = 255
const MAX_PLACES = 9

/** The differences of the differences of integers up to here are exact, also doubled. */
const MAX_INTEGER = 2 ** 50

/** Writes columns one after the other. `ColumnReader` reads them in the same order. */
export class ColumnWriter {
  #bytes = Buffer.allocUnsafe(1024)
  #length = 1

  /** @param value an integer from 0. */
  count(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** @param values safe integers. */
  integers(values: readonly number[]): void {
    if (values.some((value) => Math.abs(value) > MAX_INTEGER)) {
      this.#byte(DOUBLES)
      this.#doubles(values)
      return
    }
    const order = bestOrder(values)
    const left = differences(values, order)
    const [first = 0] = left
    if (left.every((one) => one === first)) {
      this.#byte(SAME + order)
      this.count(zigzag(first))
      return
    }
    this.#byte(order)
    for (const one of left) this.count(zigzag(one))
  }

  /** @param values finite numbers. */
  numbers(values: readonly number[]): void {
    const places = placesOf(values)
    if (places === null) {
      this.#byte(DOUBLES)
      this.#doubles(values)
      return
    }
    this.#byte(places)
    this.integers(values.map((value) => Math.round(value * 10 ** places)))
  }

  /** Numbers of which some may be missing. */
  optionalNumbers(values: readonly (number | null)[]): void {
    const there = values.filter((value) => value !== null)
    this.integers(values.map((value) => (value === null ? 0 : 1)))
    if (there.length > 0) this.numbers(there)
  }

  /** Texts in few variants, or missing ones. */
  texts(values: readonly (string | null)[]): void {
    const distinct = [...new Set(values)]
    const places = new Map(distinct.map((value, place) => [value, place]))
    this.count(distinct.length)
    for (const value of distinct) this.#text(value)
    if (distinct.length > 1) this.integers(values.map((value) => places.get(value) as number))
  }

  /** @param level of the compression. */
  done(level: number = constants.ZSTD_CLEVEL_DEFAULT): Uint8Array {
    const plain = this.#bytes.subarray(0, this.#length)
    plain[0] = PLAIN
    const params = { [constants.ZSTD_c_compressionLevel]: level }
    const packed = zstdCompressSync(plain.subarray(1), { params })
    // A copy of its own, since the buffer is larger.
    if (packed.length >= plain.length - 1) return Uint8Array.from(plain)
    return Buffer.concat([Buffer.of(COMPRESSED), packed])
  }

  #text(value: string | null): void {
    const length = value === null ? 0 : Buffer.byteLength(value)
    this.count(value === null ? 0 : length + 1)
    this.#reserve(length)
    if (value !== null) this.#length += this.#bytes.write(value, this.#length)
  }

  #doubles(values: readonly number[]): void {
    this.#reserve(8 * values.length)
    for (const value of values) this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** @throws Error for bytes that `ColumnWriter` has not written. */
export class ColumnReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    const rest = Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1)
    if (bytes[0] !== PLAIN && bytes[0] !== COMPRESSED) throw new Error('unknown form of a chunk')
    this.#bytes =
      bytes[0] === PLAIN ? rest : zstdDecompressSync(rest, { maxOutputLength: MAX_DECODED_BYTES })
  }

  count(): number {
    let value = this.#byte()
    if (value < 0x80) return value
    value &= 0x7f
    for (let unit = 0x80; ; unit *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * unit
      if (byte < 0x80) return value
    }
  }

  /** @param length how many were written. */
  integers(length: number): number[] {
    const form = this.#byte()
    if (form === DOUBLES) return this.#doubles(length)
    const same = form >= SAME
    const order = same ? form - SAME : form
    const first = same ? unzigzag(this.count()) : 0
    const values = Array<number>(length)
    for (let index = 0; index < length; index++) {
      values[index] = same ? first : unzigzag(this.count())
    }
    for (let round = 0; round < order; round++) {
      for (let index = 1; index < length; index++) {
        values[index] = (values[index] as number) + (values[index - 1] as number)
      }
    }
    return values
  }

  numbers(length: number): number[] {
    const places = this.#byte()
    if (places === DOUBLES) return this.#doubles(length)
    const unit = 10 ** places
    return this.integers(length).map((value) => value / unit)
  }

  optionalNumbers(length: number): (number | null)[] {
    const there = this.integers(length)
    const count = there.reduce((sum, one) => sum + one, 0)
    const numbers = count === 0 ? [] : this.numbers(count)
    let next = 0
    return there.map((one) => (one === 0 ? null : (numbers[next++] as number)))
  }

  texts(length: number): (string | null)[] {
    const distinct = Array.from({ length: this.count() }, () => this.#text())
    if (distinct.length <= 1) return Array<string | null>(length).fill(distinct[0] ?? null)
    return this.integers(length).map((place) => distinct[place] as string | null)
  }

  #doubles(length: number): number[] {
    const values = Array.from({ length }, (_, index) =>
      this.#bytes.readDoubleLE(this.#at + 8 * index),
    )
    this.#at += 8 * length
    return values
  }

  #text(): string | null {
    const length = this.count()
    if (length === 0) return null
    const from = this.#at
    this.#at += length - 1
    return this.#bytes.toString('utf8', from, this.#at)
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('a chunk ends too early')
    return byte
  }
}

/** The order of differences that takes the fewest bytes. */
function bestOrder(values: readonly number[]): Order {
  const bytes = [0, 0, 0]
  let before = 0
  let differenceBefore = 0
  for (const value of values) {
    const difference = value - before
    bytes[0] = (bytes[0] as number) + bytesOf(value)
    bytes[1] = (bytes[1] as number) + bytesOf(difference)
    bytes[2] = (bytes[2] as number) + bytesOf(difference - differenceBefore)
    before = value
    differenceBefore = difference
  }
  return ORDERS.reduce((a, b) => ((bytes[b] as number) < (bytes[a] as number) ? b : a))
}

/** Approximately; zeros are compressed. */
function bytesOf(value: number): number {
  const size = value < 0 ? -value : value
  if (size < 64) return size === 0 ? 0 : 1
  if (size < 8192) return 2
  return size < 2 ** 20 ? 3 : 6
}

/** Differences of this order, each to the value before; the first to zero. */
function differences(values: readonly number[], order: Order): readonly number[] {
  if (order === 0) return values
  const left = [...values]
  for (let round = 0; round < order; round++) {
    for (let index = left.length - 1; index > 0; index--) {
      left[index] = (left[index] as number) - (left[index - 1] as number)
    }
  }
  return left
}

/** Maps small integers of either sign to small ones from 0. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function unzigzag(value: number): number {
  if (value < 2 ** 31) return (value & 1) === 0 ? value >>> 1 : -((value + 1) >>> 1)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

/** The decimal places with which all of them are integers; null if no such number is exact. */
function placesOf(values: readonly number[]): number | null {
  let places = 0
  for (const value of values) {
    while (!isExact(value, places)) {
      places++
      if (places > MAX_PLACES) return null
    }
  }
  // What was exact with fewer places need not be with more.
  return values.every((value) => isExact(value, places)) ? places : null
}

function isExact(value: number, places: number): boolean {
  const unit = 10 ** places
  const integer = Math.round(value * unit)
  // Integers have no negative zero.
  return Math.abs(integer) <= MAX_INTEGER && integer / unit === value && !Object.is(value, -0)
}
