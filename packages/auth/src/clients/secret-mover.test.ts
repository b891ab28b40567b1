import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import type { SecretMove } from '../store/ports/secret-moves.ts'
import { onlyDigestKey } from '../testing/sample-keys.ts'
import { BATCH_MOVES, SecretMover } from './secret-mover.ts'

const digestKeys = onlyDigestKey(new Uint8Array(32))

const move = (secret_id: string, digest_key = digestKeys.inUse.id): SecretMove => ({
  ...{ client_id: `client of ${secret_id}`, secret_id, from: 'former', digest: 'new', digest_key },
})

function setUp() {
  const seen = {
    batches: [] as (readonly SecretMove[])[],
    forgotten: [] as string[],
    errors: [] as unknown[],
    fails: false,
  }
  const mover = new SecretMover({
    digestKeys,
    store: {
      async moveSecrets(moves) {
        if (seen.fails) throw new StoreUnavailable('disk')
        seen.batches.push(moves)
        return moves.length
      },
    },
    forget: (clients) => seen.forgotten.push(...clients),
    onError: (error) => seen.errors.push(error),
  })
  return { seen, mover }
}

describe('SecretMover', () => {
  it('writes each secret once, in bounded batches, and has cached records dropped', async () => {
    const { seen, mover } = setUp()
    for (let id = 0; id <= BATCH_MOVES; id++) mover.move(move(`${id}`))
    mover.move(move('0'))
    await mover.flush()
    assert.deepEqual(seen.batches.map(({ length }) => length).sort(), [1, BATCH_MOVES])
    assert.equal(new Set(seen.forgotten).size, BATCH_MOVES + 1)
    assert.equal(mover.size, 0)
  })

  it('keeps what cannot be written, and writes it when it is closed', async () => {
    const { seen, mover } = setUp()
    mover.move(move('one'))
    seen.fails = true
    await mover.flush()
    assert.equal(seen.errors.length, 1)
    assert.deepEqual([mover.size, seen.forgotten], [1, []])
    seen.fails = false
    await mover.close()
    assert.deepEqual(seen.batches, [[move('one')]])
  })

  it('does not move a secret back to a key that is no longer in use', async () => {
    const { seen, mover } = setUp()
    mover.move(move('one', 'former'))
    await mover.flush()
    assert.deepEqual(seen.batches, [])
    assert.equal(mover.size, 0)
  })
})
