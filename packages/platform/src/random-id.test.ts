import assert from 'node:assert/strict'
import { it } from 'node:test'
import { randomId } from './random-id.ts'

it('an identifier has 144 bits and does not repeat', () => {
  const ids = Array.from({ length: 10_000 }, randomId)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, /^[\w-]{24}$/)
  const bits = ids.flatMap((id) => [...Buffer.from(id, 'base64url')])
  // Of 1.44 million fair coins, 1.5 % to one side is more than 30 standard deviations.
  const ones = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  assert.ok(Math.abs(ones / (bits.length * 8) - 0.5) < 0.015)
})
