/** Conformance: invitations to organizations, each used once. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Invited } from '../ports/members.ts'
import { found, newInvitation, newMember, signUp } from './people-samples.ts'
import { draftOf, ORGANIZATION, type StorePromise, TOGETHER, trailOf } from './samples.ts'

const { org_id } = ORGANIZATION
const newcomer = () => newMember('new', { role: 'viewer' })

export function testInvitations(name: string, promise: StorePromise): void {
  describe(`${name}: an invitation`, TOGETHER, () => {
    promise('is found by the digest of its token, and replaced by the next', async ({ store }) => {
      await found(store, 'ada')
      const first = newInvitation()
      assert.deepEqual(await store.createInvitation(org_id, () => first), first.value)
      assert.deepEqual(await store.findInvitation('digest_1'), first.value)
      const second = newInvitation({ invitation_id: 'invitation_2', token_digest: 'digest_2' })
      const seen: Invited[] = []
      await store.createInvitation(org_id, (invited) => {
        seen.push(invited)
        return second
      })
      const [invited] = seen
      assert.deepEqual(invited?.invitations, [first.value])
      assert.deepEqual(
        invited?.members.map(({ email }) => email),
        ['ada@example.com'],
      )
      const other = newInvitation({
        ...{ invitation_id: 'invitation_3', token_digest: 'digest_3', email: 'b@example.com' },
      })
      await store.createInvitation(org_id, () => other)
      assert.equal(await store.findInvitation('digest_1'), null)
      assert.deepEqual(await store.listInvitations(org_id), [second.value, other.value])
      assert.deepEqual(await store.listInvitations('org_2'), [])
      for (const unknown of ['unknown', '', 'a\0b']) {
        assert.equal(await store.findInvitation(unknown), null)
      }
      assert.equal((await trailOf(store)).at(-1)?.action, 'invitation.created')
    })

    promise('is not created when the updater throws', async ({ store }) => {
      await found(store, 'ada')
      const before = (await trailOf(store)).length
      const fault = new Error('no')
      const create = (): never => {
        throw fault
      }
      await assert.rejects(store.createInvitation(org_id, create), fault)
      assert.equal((await trailOf(store)).length, before)
    })

    promise('is revoked by its organization alone, with an entry', async ({ store }) => {
      await found(store, 'ada')
      const { value } = newInvitation()
      await store.createInvitation(org_id, () => newInvitation())
      const target = { type: 'invitation', id: 'invitation_1' } as const
      const audit = draftOf({ action: 'invitation.revoked', target })
      for (const [org, id] of [
        ['org_2', 'invitation_1'],
        [org_id, 'invitation_2'],
        [org_id, 'a\0b'],
      ] as const) {
        assert.equal(await store.deleteInvitation(org, id, () => assert.fail()), null)
      }
      const revoked = await store.deleteInvitation(org_id, 'invitation_1', () => audit)
      assert.deepEqual(revoked, value)
      assert.deepEqual(await store.listInvitations(org_id), [])
      assert.equal((await trailOf(store)).at(-1)?.action, 'invitation.revoked')
    })

    promise('makes a member once, even when it is accepted twice at once', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await found(store, 'ada')
      await signUp(store, 'new')
      await store.createInvitation(org_id, () => newInvitation())
      const accepted = await Promise.all(
        [store, another, store].map((one) => one.acceptInvitation('digest_1', newcomer)),
      )
      assert.deepEqual(
        accepted.filter((member) => member !== null),
        [newcomer().value],
      )
      assert.equal((await store.listMembers(org_id)).length, 2)
      assert.equal(await store.acceptInvitation('digest_1', () => assert.fail()), null)
      const added = (await trailOf(store)).filter(({ action }) => action === 'member.added')
      assert.equal(added.length, 2)
    })

    promise('stays when it is not accepted', async ({ store }) => {
      await found(store, 'ada')
      await store.createInvitation(org_id, () => newInvitation())
      const fault = new Error('for another address')
      const refuse = (): never => {
        throw fault
      }
      await assert.rejects(store.acceptInvitation('digest_1', refuse), fault)
      assert.deepEqual(await store.findInvitation('digest_1'), newInvitation().value)
    })

    promise('is swept once it has expired', async ({ store }) => {
      await found(store, 'ada')
      const expires_at = '2026-05-01T10:00:00.000Z'
      await store.createInvitation(org_id, () => newInvitation({ expires_at }))
      const end = Date.parse(expires_at) / 1000
      assert.equal(await store.sweep(end - 1, 10), 0)
      assert.equal(await store.sweep(end, 10), 1)
      assert.deepEqual(await store.listInvitations(org_id), [])
    })
  })
}
