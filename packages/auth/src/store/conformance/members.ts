/** Conformance: members of organizations, and what a person is at one moment. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import { SAMPLE_TIME } from '../../testing/sample-client.ts'
import type { AuthStore } from '../store.ts'
import {
  found,
  LATER,
  leave,
  memberDraft,
  newInvitation,
  newMember,
  signIn,
  signUp,
} from './people-samples.ts'
import {
  draftOf,
  newOrganization,
  ORGANIZATION,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

const { org_id } = ORGANIZATION

async function rolesOf(store: AuthStore, of = org_id): Promise<Record<string, string>> {
  const members = await store.listMembers(of)
  return Object.fromEntries(members.map(({ person_id, role }) => [person_id, role]))
}

const claim = (store: AuthStore, person_id: string) =>
  store.claimInstallation((existing) => ({
    organization: newOrganization({ org_id: 'org_new', name: 'New' }),
    owner: newMember(person_id, { org_id: existing?.org_id ?? 'org_new' }),
  }))

const stateOf = (store: AuthStore, person_id: string, session_id = `session_${person_id}`) =>
  store.findPersonState({ person_id, session_id, org_id })

export function testMembers(name: string, promise: StorePromise): void {
  describe(`${name}: the first member`, TOGETHER, () => {
    promise('takes over the oldest organization', async ({ store }) => {
      await populate(store)
      await store.createOrganization(newOrganization({ org_id: 'org_0', name: 'Younger' }))
      await signUp(store, 'ada')
      assert.equal((await claim(store, 'ada'))?.org_id, org_id)
      assert.deepEqual(await store.listMemberships('ada'), [{ ...ORGANIZATION, role: 'owner' }])
      assert.equal((await trailOf(store)).at(-1)?.action, 'member.added')
      assert.equal((await store.listOrganizations()).length, 2)
    })

    promise('gets a new organization where there is none', async ({ store }) => {
      await signUp(store, 'ada')
      assert.equal((await claim(store, 'ada'))?.org_id, 'org_new')
      assert.deepEqual(await store.listOrganizations(), [{ org_id: 'org_new', name: 'New' }])
    })

    promise('is one, even among several that come at the same time', async (stores) => {
      const handles = [stores.store, await stores.openAnother(), await stores.openAnother()]
      for (const index of handles.keys()) await signUp(stores.store, `p${index}`)
      const claims = await Promise.all(handles.map((one, index) => claim(one, `p${index}`)))
      assert.equal(claims.filter((member) => member !== null).length, 1)
      assert.equal((await trailOf(stores.store)).length, 2)
      assert.equal(await claim(stores.store, 'p0'), null)
    })
  })

  describe(`${name}: an organization with its owner`, TOGETHER, () => {
    promise('is created whole or not at all', async ({ store }) => {
      await signUp(store, 'ada')
      const owner = newMember('nobody', { org_id: 'org_2' })
      const other = newOrganization({ org_id: 'org_2', name: 'B' })
      await assert.rejects(store.createOrganizationOf(other, owner), StoreConflict)
      assert.deepEqual(await store.listOrganizations(), [])
      assert.deepEqual(await trailOf(store), [])
      await store.createOrganizationOf(other, newMember('ada', { org_id: 'org_2' }))
      assert.deepEqual(await rolesOf(store, 'org_2'), { ada: 'owner' })
    })

    promise('is renamed, with an entry', async ({ store }) => {
      await found(store, 'ada')
      const audit = draftOf({ action: 'organization.renamed' })
      const update = (current: typeof ORGANIZATION) => ({
        value: { ...current, name: `${current.name} Inc.` },
        audit,
      })
      const renamed = { org_id, name: 'Acme Inc.' }
      assert.deepEqual(await store.updateOrganization(org_id, update), renamed)
      assert.deepEqual(await store.listOrganizations(), [renamed])
      assert.equal((await trailOf(store)).at(-1)?.action, 'organization.renamed')
      for (const unknown of ['unknown', 'a\0b']) {
        assert.equal(await store.updateOrganization(unknown, () => assert.fail()), null)
      }
    })
  })

  describe(`${name}: the members of an organization`, TOGETHER, () => {
    promise('are listed with their accounts', async ({ store }) => {
      await found(store, 'ada', 'bob')
      const [first, second, ...others] = await store.listMembers(org_id)
      assert.deepEqual(first, {
        ...newMember('ada').value,
        email: 'ada@example.com',
        name: 'Name of ada',
        two_factor_enabled: false,
        last_seen_at: SAMPLE_TIME,
      })
      assert.equal(second?.person_id, 'bob')
      assert.deepEqual(others, [])
      assert.deepEqual(await store.listMembers('a\0b'), [])
      assert.deepEqual(await store.listMemberships('a\0b'), [])
    })

    promise('change their roles and leave, with an entry and the feed', async ({ store }) => {
      await found(store, 'ada', 'bob')
      const audit = draftOf({ action: 'member.role_changed' })
      const change = { person_id: 'bob', role: 'viewer', audit } as const
      assert.deepEqual(await store.updateMember(org_id, () => change), change)
      assert.deepEqual(await rolesOf(store), { ada: 'owner', bob: 'viewer' })
      const ended = { kind: 'client', client_id: 'bob', issued_until: 5, expires: 9 } as const
      const removal = { person_id: 'bob', role: null, audit: memberDraft('bob', 'member.removed') }
      await store.updateMember(org_id, () => ({ ...removal, endTokens: () => ended }))
      assert.deepEqual(await rolesOf(store), { ada: 'owner' })
      const feed = await store.readRevocations({ after: null, limit: 10, nowSeconds: 0 })
      assert.deepEqual(feed.revocations, [ended])
      const actions = (await trailOf(store)).map(({ action }) => action)
      assert.deepEqual(actions.slice(-2), ['member.role_changed', 'member.removed'])
    })

    promise('take invitations with them, in the same unit', async ({ store }) => {
      await found(store, 'ada', 'bob')
      for (const [index, invited_by] of ['bob', 'ada', 'bob'].entries()) {
        const id = { invitation_id: `i${index}`, token_digest: `d${index}`, email: `${index}@x` }
        await store.createInvitation(org_id, () => newInvitation({ ...id, invited_by }))
      }
      const audit = memberDraft('bob', 'member.removed')
      await store.updateMember(org_id, (_, invitations) => {
        const ended = invitations.filter(({ invited_by }) => invited_by === 'bob')
        const endInvitations = ended.map(({ invitation_id: id }) => ({
          invitation_id: id,
          audit: draftOf({ action: 'invitation.revoked', target: { type: 'invitation', id } }),
        }))
        return { person_id: 'bob', role: null, audit, endInvitations }
      })
      const left = await store.listInvitations(org_id)
      assert.deepEqual(
        left.map(({ invitation_id }) => invitation_id),
        ['i1'],
      )
      assert.equal(await store.findInvitation('d0'), null)
      const entries = (await trailOf(store)).slice(-3).map(({ action }) => action)
      assert.deepEqual(entries, ['member.removed', 'invitation.revoked', 'invitation.revoked'])
    })

    promise('stay as they are when the updater returns null or throws', async ({ store }) => {
      await found(store, 'ada')
      const before = (await trailOf(store)).length
      assert.equal(await store.updateMember(org_id, () => null), null)
      await assert.rejects(store.updateMember(org_id, leave('ada')), /the last owner stays/)
      assert.deepEqual(await rolesOf(store), { ada: 'owner' })
      assert.equal((await trailOf(store)).length, before)
    })

    promise('keep one owner when two leave at the same time', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await found(store, 'ada', 'bob')
      const left = await Promise.allSettled([
        store.updateMember(org_id, leave('ada')),
        another.updateMember(org_id, leave('bob')),
      ])
      assert.deepEqual(left.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      assert.deepEqual(Object.values(await rolesOf(store)), ['owner'])
    })
  })

  describe(`${name}: an account without a verified address`, TOGETHER, () => {
    promise('is swept when it is old, enabled, and of no organization', async ({ store }) => {
      await found(store, 'member')
      for (const id of ['old', 'verified', 'disabled']) await signUp(store, id)
      const { dialect, run } = store.accounts
      const people = dialect === 'postgres' ? 'auth.people' : 'people'
      await run(`UPDATE ${people} SET email_verified = 0 WHERE id <> 'verified'`, [])
      await run(`UPDATE ${people} SET disabled = 1 WHERE id = 'disabled'`, [])
      const at = Date.parse(SAMPLE_TIME) / 1000
      assert.equal(await store.sweepUnverified(at, 10), 0)
      assert.equal(await store.sweepUnverified(at + 1, 10), 1)
      const left = await run(`SELECT id FROM ${people} ORDER BY id`, [])
      assert.deepEqual(
        left.rows.map(({ id }) => id),
        ['disabled', 'member', 'verified'],
      )
      assert.equal((await stateOf(store, 'old')).person, null)
    })
  })

  describe(`${name}: a person`, TOGETHER, () => {
    promise('is seen with session, role and cut-off of one moment', async ({ store }) => {
      await found(store, 'ada')
      const person = {
        ...{ person_id: 'ada', email: 'ada@example.com', name: 'Name of ada', disabled: false },
      }
      const state = {
        ...{ person, session_expires_at: LATER, role: 'owner', tokens_revoked_until: null },
      }
      assert.deepEqual(await stateOf(store, 'ada'), state)
      await signUp(store, 'bob')
      const none = { ...state, session_expires_at: null }
      assert.deepEqual(await stateOf(store, 'ada', 'session_bob'), none)
      const { role, session_expires_at } = await stateOf(store, 'bob')
      assert.deepEqual([role, session_expires_at], [null, LATER])
      for (const unknown of ['unknown', 'a\0b']) {
        assert.equal((await stateOf(store, unknown)).person, null)
        assert.equal((await stateOf(store, 'ada', unknown)).session_expires_at, null)
      }
    })

    promise('is disabled, loses its sessions and is put on the feed', async ({ store }) => {
      await found(store, 'ada')
      await signIn(store, 'ada', LATER, 'second')
      const audit = draftOf({ action: 'person.disabled' })
      const ended = { kind: 'client', client_id: 'ada', issued_until: 7, expires: 9 } as const
      const endTokens = () => ended
      const change = { disabled: true, endSessionsBut: 'second', audit, endTokens }
      assert.equal((await store.updatePerson('ada', () => change))?.disabled, true)
      const kept = await stateOf(store, 'ada', 'second')
      assert.deepEqual([kept.person?.disabled, kept.session_expires_at], [true, LATER])
      assert.equal(kept.tokens_revoked_until, 7)
      assert.equal((await stateOf(store, 'ada')).session_expires_at, null)
      await store.updatePerson('ada', () => ({ audit, endSessionsBut: null }))
      const last = await stateOf(store, 'ada', 'second')
      assert.deepEqual([last.person?.disabled, last.session_expires_at], [true, null])
      assert.equal((await trailOf(store)).at(-1)?.action, 'person.disabled')
      const before = (await trailOf(store)).length
      assert.equal(await store.updatePerson('ada', () => null), null)
      assert.equal(await store.updatePerson('a\0b', () => assert.fail()), null)
      assert.equal((await trailOf(store)).length, before)
    })

    promise('has the cut-off of each change in the unit of the next', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await found(store, 'ada', 'bob')
      const audit = draftOf({ action: 'person.sessions_ended' })
      const seen: (number | null)[] = []
      const endTokens = (before: number | null) => {
        seen.push(before)
        const issued_until = (before ?? 0) + 1
        return { kind: 'client', client_id: 'bob', issued_until, expires: 99 } as const
      }
      const change = { person_id: 'bob', role: 'viewer', audit, endTokens } as const
      await Promise.all([
        store.updateMember(org_id, () => change),
        another.updatePerson('bob', () => ({ audit, endTokens })),
        another.updateMember(org_id, () => change),
        store.updatePerson('bob', () => ({ audit, endTokens })),
      ])
      assert.deepEqual(seen, [null, 1, 2, 3])
      assert.equal((await stateOf(store, 'bob')).tokens_revoked_until, 4)
    })

    promise('loses one session, and no other', async ({ store }) => {
      await found(store, 'ada')
      await signUp(store, 'bob')
      await signIn(store, 'ada', LATER, 'second')
      const audit = draftOf({ action: 'person.sessions_ended' })
      for (const endSession of ['session_ada', 'session_bob', 'a\0b']) {
        await store.updatePerson('ada', () => ({ audit, endSession }))
      }
      assert.equal((await stateOf(store, 'ada')).session_expires_at, null)
      assert.equal((await stateOf(store, 'ada', 'second')).session_expires_at, LATER)
      assert.equal((await stateOf(store, 'bob')).session_expires_at, LATER)
    })

    promise('loses sessions that have expired, and no others', async ({ store }) => {
      await signUp(store, 'ada', '2026-05-01T10:00:00.000Z')
      await signIn(store, 'ada', '2026-05-01T10:00:00.001Z', 'second')
      assert.equal(await store.sweep(Date.parse('2026-05-01T09:59:59Z') / 1000, 10), 0)
      assert.equal(await store.sweep(Date.parse('2026-05-01T10:00:00Z') / 1000, 10), 1)
      assert.equal((await stateOf(store, 'ada')).session_expires_at, null)
      assert.notEqual((await stateOf(store, 'ada', 'second')).session_expires_at, null)
    })
  })
}
