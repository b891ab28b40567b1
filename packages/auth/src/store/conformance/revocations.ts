/** Conformance: the revocation feed. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Revocation } from '@modulariot/oauth/protocol'
import type { AuthStore } from '../store.ts'
import {
  auditedClient,
  clientOf,
  countUp,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

const MAX = 1000

const revoke = (store: AuthStore, jti: string, expires = 100, client_id = 'first') =>
  store.revokeToken({ jti, client_id, expires }, MAX)

/** The whole feed after a cursor, read two entries a page, and the cursor at its end. */
async function feedOf(
  store: AuthStore,
  after: string | null = null,
  nowSeconds = 0,
): Promise<{ revocations: Revocation[]; cursor: string }> {
  const revocations: Revocation[] = []
  for (let cursor = after; ; ) {
    const page = await store.readRevocations({ after: cursor, limit: 2, nowSeconds })
    assert.ok(page.revocations.length <= 2)
    revocations.push(...page.revocations)
    cursor = page.cursor
    if (!page.more) return { revocations, cursor }
  }
}

const names = (feed: { revocations: readonly Revocation[] }): string[] =>
  feed.revocations.map((one) => ('jti' in one ? one.jti : 'kid' in one ? one.kid : one.client_id))

const cutOff = (client_id: string, issued_until: number) => ({
  ...auditedClient(clientOf(client_id, { tokens_revoked_until: issued_until })),
  revoke: [{ kind: 'client', client_id, issued_until, expires: 100 }] as const,
})

export function testRevocations(name: string, promise: StorePromise): void {
  describe(`${name}: the revocation feed`, TOGETHER, () => {
    promise('is empty at first, and has a cursor to continue from', async ({ store }) => {
      const empty = await feedOf(store)
      assert.deepEqual(empty.revocations, [])
      await revoke(store, 'a')
      assert.deepEqual(names(await feedOf(store, empty.cursor)), ['a'])
    })

    promise('returns everything once, in order, through any handle', async (stores) => {
      const another = await stores.openAnother()
      for (const jti of ['a', 'b', 'c']) assert.equal(await revoke(stores.store, jti), 'revoked')
      const all = await feedOf(another)
      assert.deepEqual(all, await feedOf(stores.store))
      assert.deepEqual(all.revocations.at(0), { kind: 'token', jti: 'a', expires: 100 })
      assert.deepEqual(names(all), ['a', 'b', 'c'])
      assert.deepEqual(names(await feedOf(another, all.cursor)), [])
      await revoke(another, 'd')
      assert.deepEqual(names(await feedOf(stores.store, all.cursor)), ['d'])
    })

    promise('has a token once, however often and wherever it is revoked', async (stores) => {
      const handles = [stores.store, await stores.openAnother()]
      const outcomes = await Promise.all([...handles, ...handles].map((one) => revoke(one, 'a')))
      assert.deepEqual(outcomes.sort(), ['already', 'already', 'already', 'revoked'])
      assert.deepEqual(names(await feedOf(stores.store)), ['a'])
      assert.equal(await stores.store.isTokenRevoked('a'), true)
      assert.equal(await handles[1]?.isTokenRevoked('A'), false)
    })

    promise('limits the tokens of a client, until they expire', async ({ store }) => {
      const add = (jti: string, client_id: string) =>
        store.revokeToken({ jti, client_id, expires: 10 }, 2)
      assert.equal(await add('a', 'x'), 'revoked')
      assert.equal(await add('b', 'x'), 'revoked')
      assert.equal(await add('c', 'x'), 'too_many')
      assert.equal(await add('a', 'x'), 'already')
      assert.equal(await add('c', 'y'), 'revoked')
      await store.sweep(10, 10)
      assert.equal(await add('d', 'x'), 'revoked')
    })

    promise('has a client’s cut-off with the change that made it', async ({ store }) => {
      await populate(store)
      const before = await trailOf(store)
      await store.updateClient('first', () => cutOff('first', 50))
      const [entry] = (await feedOf(store)).revocations
      assert.deepEqual(entry, {
        kind: 'client',
        client_id: 'first',
        issued_until: 50,
        expires: 100,
      })
      assert.equal((await trailOf(store)).length, before.length + 1)
      assert.equal((await store.findClient('first'))?.tokens_revoked_until, 50)
      await store.updateClient('first', countUp)
      assert.equal((await feedOf(store)).revocations.length, 1)
    })

    promise(
      'returns a later cut-off of the same client to followers that have the first',
      async (stores) => {
        const { store } = stores
        await populate(store)
        await store.updateClient('first', () => cutOff('first', 50))
        await revoke(store, 'a')
        const { cursor } = await feedOf(store)
        await store.updateClient('first', () => cutOff('first', 60))
        assert.deepEqual((await feedOf(store, cursor)).revocations, [
          { kind: 'client', client_id: 'first', issued_until: 60, expires: 100 },
        ])
        assert.deepEqual(names(await feedOf(store)), ['a', 'first'])
      },
    )

    promise('does not return expired entries, and removes them when swept', async ({ store }) => {
      await revoke(store, 'short', 10)
      await revoke(store, 'long', 20)
      assert.deepEqual(names(await feedOf(store, null, 9)), ['short', 'long'])
      assert.deepEqual(names(await feedOf(store, null, 10)), ['long'])
      assert.equal(await store.sweep(9, 10), 0)
      assert.equal(await store.sweep(10, 10), 1)
      assert.equal(await store.isTokenRevoked('short'), false)
      assert.equal(await store.isTokenRevoked('long'), true)
    })

    promise(
      'continues from a cursor whose entry is gone without losing anything',
      async ({ store }) => {
        await revoke(store, 'a', 10)
        const { cursor } = await feedOf(store)
        await revoke(store, 'b', 20)
        await store.sweep(15, 10)
        assert.deepEqual(names(await feedOf(store, cursor)), ['b'])
      },
    )

    promise('starts over for an unknown cursor', async ({ store }) => {
      await revoke(store, 'a')
      const { cursor } = await feedOf(store)
      await revoke(store, 'b')
      const [seq, id] = cursor.split('.') as [string, string]
      const strange = ['', 'x', '1', `${seq}.${'0'.repeat(16)}`, `999999.${id}`, '-1.', `${seq}.`]
      for (const one of strange) assert.deepEqual(names(await feedOf(store, one)), ['a', 'b'], one)
      assert.deepEqual(names(await feedOf(store, cursor)), ['b'])
    })

    promise('survives the process, with its cursors', async ({ store, reopen }) => {
      await revoke(store, 'a')
      const { cursor } = await feedOf(store)
      const reopened = await reopen()
      assert.deepEqual(names(await feedOf(reopened)), ['a'])
      assert.deepEqual(await feedOf(reopened, cursor), { revocations: [], cursor })
      await revoke(reopened, 'b')
      assert.deepEqual(names(await feedOf(reopened, cursor)), ['b'])
    })

    promise('has one order for all writers, consistent with their changes', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      await populate(stores.store)
      let cutOffs = 0
      await Promise.all(
        Array.from({ length: 24 }, (_, turn) => {
          const store = handles[turn % 3] as AuthStore
          if (turn % 2 === 0) return revoke(store, `${turn}`)
          return store.updateClient('first', () => cutOff('first', ++cutOffs))
        }),
      )
      const feed = (await feedOf(stores.store)).revocations
      assert.equal(feed.length, 13)
      // The client's own record and its one entry come from the same change, the last one.
      const entry = feed.find((one) => one.kind === 'client')
      const record = await stores.store.findClient('first')
      assert.equal(entry?.issued_until, record?.tokens_revoked_until)
      for (const handle of handles) assert.deepEqual((await feedOf(handle)).revocations, feed)
    })

    promise('is the same page by page, wherever a page ends', async ({ store }) => {
      for (const jti of ['a', 'b', 'c', 'd', 'e']) await revoke(store, jti)
      await store.sweep(50, 10)
      for (const limit of [1, 3, 5, 6]) {
        const seen: Revocation[] = []
        let cursor: string | null = null
        for (let more = true; more; ) {
          const page = await store.readRevocations({ after: cursor, limit, nowSeconds: 0 })
          seen.push(...page.revocations)
          ;({ cursor, more } = page)
        }
        assert.deepEqual(names({ revocations: seen }), ['a', 'b', 'c', 'd', 'e'], `${limit}`)
      }
    })

    promise('loses nothing to a follower while several write', async (stores) => {
      const writers = [stores.store, await stores.openAnother(), await stores.openAnother()]
      const followed: string[] = []
      let writing = true
      const follow = async (): Promise<void> => {
        let cursor: string | null = null
        for (let last = false; !last; ) {
          last = !writing
          const feed = await feedOf(stores.store, cursor)
          followed.push(...names(feed))
          cursor = feed.cursor
          await new Promise(setImmediate)
        }
      }
      const following = follow()
      const written = writers.flatMap((store, index) =>
        Array.from({ length: 30 }, (_, turn) => revoke(store, `${index}-${turn}`)),
      )
      await Promise.all(written)
      writing = false
      await following
      assert.equal(followed.length, 90)
      assert.equal(new Set(followed).size, 90)
    })

    promise('is swept in bounded steps, along with used assertions', async ({ store }) => {
      for (const jti of ['a', 'b', 'c']) await revoke(store, jti, 10)
      await store.useAssertion({ client_id: 'first', jti: 'x', until: 9 }, 0)
      assert.equal(await store.sweep(10, 2), 3)
      assert.equal(await store.sweep(10, 2), 1)
      assert.equal(await store.sweep(10, 2), 0)
      assert.equal(await store.useAssertion({ client_id: 'first', jti: 'x', until: 9 }, 0), true)
    })
  })
}
