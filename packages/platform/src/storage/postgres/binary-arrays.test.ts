import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { startPostgres } from '../../testing/postgres.ts'
import { bigintArray, byteaArray, float8Array, intArray, textArray } from './binary-arrays.ts'
import { openPostgres } from './open-postgres.ts'

const server = await startPostgres()
const postgres = openPostgres(await server.createDatabase())
after(async () => {
  await postgres.close()
  await server.stop()
})

/** What PostgreSQL reads in an array of this type. */
async function received(type: string, array: Buffer): Promise<unknown[]> {
  const { rows } = await postgres.query<{ value: unknown }>(
    `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY AS a (value, place) ORDER BY place`,
    [array],
  )
  return rows.map(({ value }) => value)
}

const MAX = Number.MAX_SAFE_INTEGER

for (const [type, arrayOf, values] of [
  ['int', intArray, [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), null]],
  ['bigint', bigintArray, [0, 1, -1, 2 ** 32, -(2 ** 32), -(2 ** 32) - 1, MAX, -MAX, null]],
  ['float8', float8Array, [0.1, -1.5, 1e300, 5e-324, null]],
  ['text', textArray, ['', 'a', 'ñ 漢 😀', '{"a":"\\\\"}', 'NULL', '{},', null]],
  ['bytea', byteaArray, [Buffer.alloc(0), Buffer.from([0, 255, 92]), null]],
] as const) {
  it(`an array of ${type} arrives as it is`, async () => {
    const array = arrayOf as (sent: readonly unknown[]) => Buffer
    assert.deepEqual(await received(type, array(values)), values)
    assert.deepEqual(await received(type, array([null])), [null])
    assert.deepEqual(await received(type, array([])), [])
  })
}

it('half of a surrogate pair arrives as the replacement character, as in a text of its own', async () => {
  assert.deepEqual(await received('text', textArray(['a\ud83d', 'b'])), ['a\ufffd', 'b'])
})
