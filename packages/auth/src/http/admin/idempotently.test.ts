import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import { AdminError } from '../../errors/admin-error.ts'
import { clientViewOf } from '../../records/client.ts'
import type { IdempotentAnswer } from '../../store/ports/idempotency.ts'
import { sampleClient } from '../../testing/sample-client.ts'
import type { AdminCall } from './call.ts'
import { idempotently } from './idempotently.ts'

const NOW_SECONDS = 1_000_000
const client = clientViewOf(sampleClient())

/** A call under a key, for which the store finds these answers in turn. */
function callWith(...found: (IdempotentAnswer | null)[]) {
  const headers: Record<string, string> = {}
  const call = {
    context: {
      now: () => NOW_SECONDS * 1000,
      tenant: { org_id: 'org_1', environment: 'production' },
      idempotency: { key: 'key', digest: 'digest' },
      store: { findIdempotent: async () => found.shift() ?? null },
    },
    reply: { header: (name: string, value: string) => Object.assign(headers, { [name]: value }) },
  } as unknown as AdminCall
  const answer = (change: () => Promise<unknown> = async () => 'changed') =>
    idempotently<unknown>(call, change, (replayed) => replayed)
  return { headers, answer }
}

const kept = (changes: Partial<IdempotentAnswer> = {}): IdempotentAnswer => ({
  ...{ digest: 'digest', client, until: NOW_SECONDS + 1 },
  ...changes,
})

describe('a change under an Idempotency-Key', () => {
  it('is replayed from the kept answer, and not made again', async () => {
    const { answer, headers } = callWith(kept())
    assert.deepEqual(await answer(() => assert.fail('was made twice')), client)
    assert.equal(headers['idempotent-replay'], 'true')
  })

  it('is made when the key is new, or has expired and was not swept yet', async () => {
    for (const found of [null, kept({ until: NOW_SECONDS })]) {
      const { answer, headers } = callWith(found)
      assert.equal(await answer(), 'changed')
      assert.deepEqual(headers, {})
    }
  })

  it('is replayed from a concurrent one that was first', async () => {
    const conflict = () => Promise.reject(new StoreConflict('taken'))
    assert.deepEqual(await callWith(null, kept()).answer(conflict), client)
    await assert.rejects(callWith(null, null).answer(conflict), StoreConflict)
  })

  it('is refused when the key was used for another request', async () => {
    await assert.rejects(
      callWith(kept({ digest: 'other' })).answer(),
      (error) => error instanceof AdminError && error.code === 'conflict',
    )
  })
})
