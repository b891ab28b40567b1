/**
 * Arrays as PostgreSQL receives them in its binary format: a parameter that is a Buffer is sent so
 * by `pg`. As text, the driver escapes every quote and backslash of every element.
 */

/** Their ids in `pg_type`, which never change. */
const OF = { bigint: 20, int: 23, text: 25, bytea: 17, float8: 701 } as const

/** Dimensions, flag for nulls, type of elements, and length and lower bound of the dimension. */
const HEAD_BYTES = 20
const NULL_LENGTH = -1

function arrayOf(type: number, count: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(HEAD_BYTES + 4 * count + bytes)
  array.writeInt32BE(1, 0)
  array.writeInt32BE(1, 4)
  array.writeInt32BE(type, 8)
  array.writeInt32BE(count, 12)
  array.writeInt32BE(1, 16)
  return array
}

/** For elements of a fixed length. */
function fixed<Value>(
  type: number,
  length: number,
  write: (array: Buffer, value: Value, at: number) => void,
) {
  return (values: readonly (Value | null)[]): Buffer => {
    const filled = values.reduce((sum, value) => sum + (value === null ? 0 : 1), 0)
    const array = arrayOf(type, values.length, filled * length)
    let at = HEAD_BYTES
    for (const value of values) {
      array.writeInt32BE(value === null ? NULL_LENGTH : length, at)
      at += 4
      if (value === null) continue
      write(array, value, at)
      at += length
    }
    return array
  }
}

/** @param values whole numbers of 32 bits. */
export const intArray = fixed<number>(OF.int, 4, (array, value, at) =>
  array.writeInt32BE(value, at),
)

/** @param values safe integers. */
export const bigintArray = fixed<number>(OF.bigint, 8, (array, value, at) => {
  const high = Math.floor(value / 2 ** 32)
  array.writeInt32BE(high, at)
  array.writeUInt32BE(value - high * 2 ** 32, at + 4)
})

export const float8Array = fixed<number>(OF.float8, 8, (array, value, at) =>
  array.writeDoubleBE(value, at),
)

export function textArray(values: readonly (string | null)[]): Buffer {
  const lengths = values.map((value) => (value === null ? NULL_LENGTH : Buffer.byteLength(value)))
  const bytes = lengths.reduce((sum, length) => sum + Math.max(0, length), 0)
  const array = arrayOf(OF.text, values.length, bytes)
  let at = HEAD_BYTES
  for (const [index, value] of values.entries()) {
    at = array.writeInt32BE(lengths[index] as number, at)
    if (value !== null) at += array.write(value, at)
  }
  return array
}

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0), 0)
  const array = arrayOf(OF.bytea, values.length, bytes)
  let at = HEAD_BYTES
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? NULL_LENGTH, at)
    if (value === null) continue
    array.set(value, at)
    at += value.length
  }
  return array
}
