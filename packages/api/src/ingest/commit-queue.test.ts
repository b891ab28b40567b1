import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { ApiError } from '../errors/api-error.ts'
import { isSealed, Sealer, unseal } from '../store/packed.ts'
import type { AppendOutcome, Observation, SealedObservations } from '../store/store.ts'
import { CommitQueue } from './commit-queue.ts'

const LIMITS = {
  ...{ maxItems: 100, maxPayload: 1000, maxBatch: 100, maxBatchPayload: 1000 },
  ...{ reservedItems: 0, reservedPayload: 0 },
}

function observationOf(request_id: string, payload = 'x'): Observation {
  return {
    org_id: 'org_1',
    environment: 'production',
    client_id: 'client_1',
    request_id,
    item: 0,
    body_digest: Buffer.alloc(32),
    asset_id: 'truck',
    type: null,
    timestamp_ms: 0,
    received_ms: 0,
    payload,
    position: null,
    metrics: [],
    events: [],
  }
}

interface Append {
  /** The request ids of the batch. */
  readonly ids: readonly string[]
  finish(outcomes?: AppendOutcome[]): void
  fail(error: Error): void
}

/** A store whose appends the test finishes. */
function createStore() {
  const begun: Append[] = []
  let wake = (): void => {}
  return {
    begun,
    append(sent: readonly (Observation | SealedObservations)[]): Promise<AppendOutcome[]> {
      const batch = sent.flatMap((one) => (isSealed(one) ? one.pieces.flatMap(unseal) : [one]))
      const { promise, resolve, reject } = Promise.withResolvers<AppendOutcome[]>()
      begun.push({
        ids: batch.map(({ request_id }) => request_id),
        finish: (outcomes) => resolve(outcomes ?? batch.map(() => 'stored')),
        fail: reject,
      })
      wake()
      return promise
    },
    /** The append with this index, once it has begun. */
    async nth(index: number): Promise<Append> {
      while (begun[index] === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return begun[index]
    },
  }
}

async function assertTooMany(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof ApiError && error.status === 429)
}

describe('the commit queue', { timeout: 20_000 }, () => {
  it('writes what arrives together in one batch, in the order of arrival', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const commits = ['a', 'b', 'c'].map((id) => queue.commit(observationOf(id)))
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'b', 'c'])
    append.finish()
    assert.deepEqual(await Promise.all(commits), ['stored', 'stored', 'stored'])
    assert.equal(store.begun.length, 1)
  })

  it('counts each of the sealed observations', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const sealer = new Sealer()
    for (const id of ['b', 'c']) sealer.add(observationOf(id, '12345'))
    const sealed = sealer.seal({ org_id: 'org_1', environment: 'production' })
    const first = queue.commit(observationOf('a'))
    const both = queue.hold({ items: 100 - 1, payload: 10 }).commitAll(sealed)
    assert.equal(queue.depth, 3)
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'b', 'c'])
    append.finish(['stored', 'replayed', 'conflict'])
    assert.equal(await first, 'stored')
    assert.deepEqual(await both, ['replayed', 'conflict'])
    assert.equal(queue.depth, 0)
  })

  it('writes long sealed ones in their own transactions, and frees their memory afterwards', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxPayload: 2_000_000 })
    const sealed = ['b', 'c'].map((id) => {
      const sealer = new Sealer()
      sealer.add(observationOf(id, 'x'.repeat(300_000)))
      return sealer.seal({ org_id: 'org_1', environment: 'production' })
    })
    const commits = [observationOf('a'), ...sealed, observationOf('d')].map((one) =>
      queue.commit(one),
    )
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
      const append = await store.nth(index)
      assert.deepEqual(append.ids, [id])
      append.finish()
      await commits[index]
    }
    assert.ok(sealed.every(({ pieces }) => pieces.every(({ buffer }) => buffer.detached)))
  })

  it('resolves each commit with its own outcome', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const commits = ['a', 'b', 'c'].map((id) => queue.commit(observationOf(id)))
    const append = await store.nth(0)
    append.finish(['replayed', 'stored', 'conflict'])
    assert.deepEqual(await Promise.all(commits), ['replayed', 'stored', 'conflict'])
  })

  it('does not resolve before the store does', async () => {
    const store = createStore()
    let answered = false
    const commit = new CommitQueue(store, LIMITS).commit(observationOf('a')).then(() => {
      answered = true
    })
    const append = await store.nth(0)
    await new Promise(setImmediate)
    assert.equal(answered, false)
    append.finish()
    await commit
  })

  it('gathers the next batch while one is being written, and never writes two at a time', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const first = queue.commit(observationOf('a'))
    const append = await store.nth(0)
    const second = queue.commit(observationOf('b'))
    await new Promise(setImmediate)
    const third = queue.commit(observationOf('c'))
    await new Promise(setImmediate)
    assert.equal(store.begun.length, 1)
    append.finish()
    assert.equal(await first, 'stored')
    const next = await store.nth(1)
    assert.deepEqual(next.ids, ['b', 'c'])
    next.finish()
    await Promise.all([second, third])
  })

  it('restarts after being idle', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      const commit = queue.commit(observationOf(id))
      const append = await store.nth(index)
      assert.deepEqual(append.ids, [id])
      append.finish()
      await commit
      await new Promise(setImmediate)
    }
  })

  it('splits a long queue into batches, in order', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatch: 2 })
    const commits = ['a', 'b', 'c', 'd', 'e'].map((id) => queue.commit(observationOf(id)))
    const batches: (readonly string[])[] = []
    for (let index = 0; index < 3; index++) {
      const append = await store.nth(index)
      batches.push(append.ids)
      append.finish()
    }
    assert.deepEqual(batches, [['a', 'b'], ['c', 'd'], ['e']])
    await Promise.all(commits)
  })

  it('rejects only the batch that failed, with the error of the store', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatch: 2 })
    const commits = ['a', 'b', 'c', 'd', 'e'].map((id) => queue.commit(observationOf(id)))
    const settled = Promise.allSettled(commits)
    const fault = new StoreUnavailable('no disk')
    const one = await store.nth(0)
    one.finish()
    const two = await store.nth(1)
    two.fail(fault)
    const three = await store.nth(2)
    three.finish()
    const results = await settled
    assert.deepEqual(
      results.map((result) => (result.status === 'fulfilled' ? result.value : result.reason)),
      ['stored', 'stored', fault, fault, 'stored'],
    )
  })

  it('continues after the store throws synchronously', async () => {
    const store = createStore()
    let throwing = true
    const queue = new CommitQueue(
      {
        append: (batch) => {
          if (throwing) throw new TypeError('broken')
          return store.append(batch)
        },
      },
      LIMITS,
    )
    await assert.rejects(queue.commit(observationOf('a')), TypeError)
    throwing = false
    const commit = queue.commit(observationOf('b'))
    const append = await store.nth(0)
    append.finish()
    assert.equal(await commit, 'stored')
  })

  it('refuses items over its limit with 429, and accepts more once a batch is taken', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxItems: 2 })
    const first = [queue.commit(observationOf('a')), queue.commit(observationOf('b'))]
    await assertTooMany(queue.commit(observationOf('c')))
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'b'])
    const second = [queue.commit(observationOf('d')), queue.commit(observationOf('e'))]
    await assertTooMany(queue.commit(observationOf('f')))
    append.finish()
    await Promise.all(first)
    const next = await store.nth(1)
    assert.deepEqual(next.ids, ['d', 'e'])
    next.finish()
    await Promise.all(second)
  })

  it('refuses payload over its limit with 429, which takes no room', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxPayload: 10 })
    const first = [queue.commit(observationOf('a', '12345'))]
    await assertTooMany(queue.commit(observationOf('b', '123456')))
    first.push(queue.commit(observationOf('c', '12345')))
    await assertTooMany(queue.commit(observationOf('d', '1')))
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'c'])
    append.fail(new StoreUnavailable('no disk'))
    for (const commit of first) await assert.rejects(commit, /no disk/)
    // A failed batch has released exactly its room.
    const second = queue.commit(observationOf('e', '1234567890'))
    await assertTooMany(queue.commit(observationOf('f', '1')))
    const next = await store.nth(1)
    next.finish()
    assert.equal(await second, 'stored')
  })
})

describe('what cannot be stored', { timeout: 20_000 }, () => {
  /** A store that rejects every batch with one of these, like a bug would. */
  function refusing(error: Error, ...bad: string[]) {
    const batches: string[][] = []
    const append = async (batch: readonly Observation[]): Promise<AppendOutcome[]> => {
      const ids = batch.map(({ request_id }) => request_id)
      batches.push(ids)
      if (ids.some((id) => bad.includes(id))) throw error
      return ids.map(() => 'stored')
    }
    return { append, batches }
  }

  it('fails alone, whatever its position in the batch', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    for (const bad of [['a'], ['g'], ['d'], ['b', 'c'], ['a', 'g'], ids]) {
      const store = refusing(new TypeError('unknown type'), ...bad)
      const queue = new CommitQueue(store, LIMITS)
      const results = await Promise.allSettled(ids.map((id) => queue.commit(observationOf(id))))
      const failed = ids.filter((_, index) => results[index]?.status === 'rejected')
      assert.deepEqual(failed, bad)
    }
  })

  it('is not searched for when the store is unavailable', async () => {
    const store = refusing(new StoreUnavailable('disk full'), 'a')
    const queue = new CommitQueue(store, LIMITS)
    const commits = ['a', 'b'].map((id) => queue.commit(observationOf(id)))
    for (const commit of commits) await assert.rejects(commit, StoreUnavailable)
    assert.deepEqual(store.batches, [['a', 'b']])
  })
})

describe('what is committed together', { timeout: 20_000 }, () => {
  const groupOf = (...ids: string[]) => ids.map((id) => observationOf(id))

  async function commitAll(queue: CommitQueue, group: readonly Observation[]) {
    return queue.hold({ items: group.length, payload: group.length }).commitAll(group)
  }

  it('gets its own outcomes, in order, in a batch with others', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const one = queue.commit(observationOf('a'))
    const many = commitAll(queue, groupOf('b', 'c'))
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'b', 'c'])
    append.finish(['stored', 'conflict', 'replayed'])
    assert.equal(await one, 'stored')
    assert.deepEqual(await many, ['conflict', 'replayed'])
  })

  it('is never split', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatch: 3 })
    const groups = [groupOf('a', 'b'), groupOf('c', 'd'), groupOf('e'), groupOf('f', 'g', 'h')]
    const commits = groups.map((group) => commitAll(queue, group))
    const batches: (readonly string[])[] = []
    for (let index = 0; index < 3; index++) {
      const append = await store.nth(index)
      batches.push(append.ids)
      append.finish()
    }
    assert.deepEqual(batches, [
      ['a', 'b'],
      ['c', 'd', 'e'],
      ['f', 'g', 'h'],
    ])
    await Promise.all(commits)
  })

  it('shares a transaction up to the length limit, and is written alone if longer', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatchPayload: 20 })
    const lengths = { a: 10, b: 10, c: 1, d: 30, e: 20 }
    const commits = Object.entries(lengths).map(([id, length]) =>
      queue.commit(observationOf(id, 'x'.repeat(length))),
    )
    const batches: string[] = []
    for (let index = 0; index < 4; index++) {
      const append = await store.nth(index)
      batches.push(append.ids.join(''))
      append.finish()
    }
    assert.deepEqual(batches, ['ab', 'c', 'd', 'e'])
    await Promise.all(commits)
  })

  it('is refused as a whole when it does not fit, and takes no room', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxItems: 3 })
    const first = commitAll(queue, groupOf('a', 'b'))
    await assertTooMany(commitAll(queue, groupOf('c', 'd')))
    assert.equal(queue.depth, 2)
    const second = queue.commit(observationOf('e'))
    const append = await store.nth(0)
    assert.deepEqual(append.ids, ['a', 'b', 'e'])
    append.finish()
    await Promise.all([first, second])
    assert.equal(queue.depth, 0)
  })
})

describe('reserved room', { timeout: 20_000 }, () => {
  const full = (error: unknown) => error instanceof ApiError && error.status === 429

  it('is unavailable to others, by number and by size, until it is released once', async () => {
    const queue = new CommitQueue(createStore(), LIMITS)
    const many = queue.hold({ items: 99, payload: 0 })
    const large = queue.hold({ items: 1, payload: 990 })
    await assertTooMany(queue.commit(observationOf('a')))
    many.release()
    many.release()
    await assertTooMany(queue.commit(observationOf('a', 'x'.repeat(11))))
    assert.throws(() => queue.hold({ items: 1, payload: 11 }), full)
    assert.throws(() => queue.assertRoom({ items: 100, payload: 10 }), full)
    queue.assertRoom({ items: 99, payload: 10 })
    large.release()
    assert.equal(queue.depth, 0)
  })

  it('accepts its observations in a full queue, and takes only the room they need', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, LIMITS)
    const place = queue.hold({ items: 100, payload: 1000 })
    const kept = place.commitAll([observationOf('a'), observationOf('b')])
    place.release()
    assert.equal(queue.depth, 2)
    queue.assertRoom({ items: 98, payload: 998 })
    const append = await store.nth(0)
    append.finish()
    assert.deepEqual(await kept, ['stored', 'stored'])
    queue.assertRoom({ items: 100, payload: 1000 })
  })
})

describe('metrics of the queue', () => {
  it('are its depth and the size of each written batch', async () => {
    const store = createStore()
    const written: number[] = []
    const queue = new CommitQueue(store, LIMITS, (size) => written.push(size))
    const first = queue.commit(observationOf('1'))
    const append = await store.nth(0)
    const others = ['2', '3'].map((id) => queue.commit(observationOf(id)))
    assert.equal(queue.depth, 2)
    append.finish()
    await first
    const failing = await store.nth(1)
    assert.equal(queue.depth, 0)
    failing.fail(new StoreUnavailable('disk full'))
    await assert.rejects(Promise.all(others))
    assert.deepEqual(written, [1])
  })
})

describe('several tenants', () => {
  const ofOther = (id: string, payload = 'x'): Observation => ({
    ...observationOf(id, payload),
    org_id: 'org_2',
  })

  it('take turns: one report does not wait for all of another tenant’s', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatch: 2 })
    const all = ['a', 'b', 'c', 'd', 'e'].map((id) => queue.commit(observationOf(id)))
    await store.nth(0)
    all.push(queue.commit(ofOther('other')))
    for (let index = 0; index < 3; index++) (await store.nth(index)).finish()
    await Promise.all(all)
    assert.deepEqual(
      store.begun.map(({ ids }) => ids),
      [
        ['a', 'b'],
        ['c', 'd'],
        ['other', 'e'],
      ],
    )
  })

  it('get equal shares, whether they send batches or single reports', async () => {
    const store = createStore()
    const queue = new CommitQueue(store, { ...LIMITS, maxBatch: 3 })
    const batch = (id: string) =>
      queue
        .hold({ items: 3, payload: 3 })
        .commitAll([1, 2, 3].map((item) => observationOf(`${id}${item}`)))
    const batches = ['a', 'b', 'c'].map(batch)
    const reports = ['u', 'v', 'w', 'x', 'y', 'z'].map((id) => queue.commit(ofOther(id)))
    for (let index = 0; index < 5; index++) (await store.nth(index)).finish()
    await Promise.all([...batches, ...reports])
    const written = store.begun.map(({ ids }) => ids.join(' '))
    assert.deepEqual(written, ['a1 a2 a3', 'u v w', 'b1 b2 b3', 'x y z', 'c1 c2 c3'])
  })

  it('keep a reserve: one that fills its share leaves room for the reports of others', async () => {
    const store = createStore()
    const limits = { ...LIMITS, maxItems: 10, reservedItems: 3, reservedPayload: 100 }
    const queue = new CommitQueue(store, limits)
    const two = { items: 2, payload: 2 }
    const places = [queue.hold(two), queue.hold(two), queue.hold(two)]
    assert.throws(() => queue.hold(two), { status: 429 })
    assert.throws(() => queue.assertRoom(two), { status: 429 })
    assert.throws(() => queue.assertRoom({ items: 2, payload: 901 }), { status: 429 })
    queue.assertRoom({ items: 1, payload: 1 })
    for (const place of places) place.release()
    const all = Array.from({ length: 7 }, (_, id) => queue.commit(observationOf(`${id}`)))
    const refused = queue.commit(observationOf('refused'))
    await assert.rejects(refused, { status: 429 })
    all.push(...['x', 'y', 'z'].map((id) => queue.commit(ofOther(id))))
    await assert.rejects(queue.commit(ofOther('full')), { status: 429 })
    ;(await store.nth(0)).finish()
    await Promise.all(all)
  })
})
