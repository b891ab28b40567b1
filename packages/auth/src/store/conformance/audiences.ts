/** Conformance: audiences. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import {
  ADMIN,
  newAudience,
  populate,
  type StorePromise,
  TOGETHER,
  TRACK,
  trailOf,
} from './samples.ts'

export function testAudiences(name: string, promise: StorePromise): void {
  describe(`${name}: an audience`, TOGETHER, () => {
    promise('is created once and not changed by a second attempt', async ({ store }) => {
      assert.equal(await store.createAudience(newAudience()), true)
      const other = {
        token_lifetime_seconds: 60,
        signing_alg: 'ES256',
        token_typ: 'at+jwt',
        scopes: ['x'],
      } as const
      assert.equal(await store.createAudience(newAudience({ ...TRACK, ...other })), false)
      assert.deepEqual(await store.listAudiences(), [TRACK])
      assert.equal((await trailOf(store)).length, 1)
    })

    promise(
      'is replaced as a whole, with its entry, for the clients granted it',
      async ({ store }) => {
        await populate(store)
        const next = { ...ADMIN, ...{ audience: TRACK.audience, token_lifetime_seconds: 90 } }
        const change = newAudience(next)
        const audit = { ...change.audit, action: 'audience.updated' } as const
        const updated = await store.updateAudience(TRACK.audience, (current) => {
          assert.deepEqual(current, TRACK)
          return { ...change, audit }
        })
        assert.deepEqual(updated, next)
        assert.deepEqual(await store.listAudiences(), [ADMIN, next])
        const { scopes: _, ...rules } = next
        const grants = [{ ...rules, scopes: ['asset:track:write'] }]
        assert.deepEqual((await store.findClient('first'))?.grants, grants)
        assert.equal((await trailOf(store)).at(-1)?.action, 'audience.updated')
      },
    )

    promise('that is unknown, or whose updater throws, stays as it is', async ({ store }) => {
      await populate(store)
      const fault = new Error('no')
      const update = (): never => {
        throw fault
      }
      assert.equal(await store.updateAudience('https://unknown.example', update), null)
      assert.equal(await store.updateAudience('\0', update), null)
      await assert.rejects(store.updateAudience(TRACK.audience, update), fault)
      assert.deepEqual(await store.listAudiences(), [ADMIN, TRACK])
      assert.equal((await trailOf(store)).length, 4)
    })

    promise('keeps its scopes in their order', async ({ store }) => {
      const scopes = ['z', 'a', 'a"b', 'm']
      await store.createAudience(newAudience({ ...TRACK, scopes }))
      assert.deepEqual((await store.listAudiences())[0]?.scopes, scopes)
    })
  })
}
