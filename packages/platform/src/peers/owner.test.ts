import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ownerOf } from './owner.ts'

it('keys are spread over all processes, each always with the same one', () => {
  for (const count of [1, 2, 3, 8]) {
    const keys = Array.from({ length: 1000 * count }, (_, index) => `client_${index} 192.0.2.1`)
    const owners = keys.map((key) => ownerOf(key, count))
    assert.deepEqual(
      keys.map((key) => ownerOf(key, count)),
      owners,
    )
    for (let one = 0; one < count; one++) {
      const share = owners.filter((owner) => owner === one).length
      assert.ok(share > 800 && share < 1200, `${share} of process ${one} of ${count}`)
    }
  }
})
