/** Conformance: the actor of a change is checked in the change's own unit, by its state there. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { PersonState } from '../../records/member.ts'
import type { Authority, ClientAuthority, ClientState } from '../ports/audited-change.ts'
import type { AuthStore } from '../store.ts'
import { newInvitation, newMember, signUp } from './people-samples.ts'
import {
  auditedClient,
  clientOf,
  countUp,
  deleted,
  draftOf,
  keyOf,
  keysAre,
  newClient,
  newOrganization,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

const TENANT = { org_id: 'org_1', environment: 'development' } as const
const REFUSAL = new Error('no authority')

/** An authority of the client `first`, and the states it was tokenRevoked. */
function authorityOf(assertActor: (actor: ClientState) => void = () => {}) {
  const seen: ClientState[] = []
  const authority: ClientAuthority = {
    ...{ kind: 'client' as const, client_id: 'first', jti: 'token', kid: 'key' },
    assert: (actor) => {
      seen.push(actor)
      assertActor(actor)
    },
  }
  return { authority, seen }
}

const refusing = () =>
  authorityOf(() => {
    throw REFUSAL
  })

/** A change that puts its client on the feed. */
const cutFirst = () => ({
  ...auditedClient(clientOf('first', { tokens_revoked_until: 50 })),
  revoke: [{ kind: 'client', client_id: 'first', issued_until: 50, expires: 100 }] as const,
})

/** Every method that takes an authority; a new one is a new row. */
const GUARDED: Readonly<
  Record<string, (store: AuthStore, authority: Authority) => Promise<unknown>>
> = {
  createClients: (store, authority) =>
    store.createClients([newClient('new', { external_id: 'e' }), newClient('other')], authority),
  'createClients of none': (store, authority) => store.createClients([], authority),
  updateClient: (store, authority) => store.updateClient('first', cutFirst, authority),
  'updateClient of none': (store, authority) =>
    store.updateClient('unknown', () => assert.fail(), authority),
  deleteClient: (store, authority) => store.deleteClient('first', deleted, authority),
  'deleteClient of none': (store, authority) =>
    store.deleteClient('unknown', () => assert.fail(), authority),
  findIdempotent: (store, authority) => store.findIdempotent(TENANT, 'key', authority),
  updateOrganization: (store, authority) =>
    store.updateOrganization('org_1', (value) => ({ value, audit: draftOf() }), authority),
  updateMember: (store, authority) =>
    store.updateMember(
      'org_1',
      () => ({ person_id: 'none', role: 'viewer', audit: draftOf() }),
      authority,
    ),
  'updateMember of none': (store, authority) => store.updateMember('org_1', () => null, authority),
  createInvitation: (store, authority) =>
    store.createInvitation('org_1', () => newInvitation(), authority),
  'deleteInvitation of none': (store, authority) =>
    store.deleteInvitation('org_1', 'none', () => assert.fail(), authority),
}

const claim = (store: AuthStore, person_id: string) =>
  store.claimInstallation(() => ({
    organization: newOrganization(),
    owner: newMember(person_id),
  }))

async function everythingOf(store: AuthStore) {
  const { revocations } = await store.readRevocations({ after: null, limit: 10, nowSeconds: 0 })
  return {
    clients: (await store.listClients({ after: null, limit: 100 })).clients,
    organizations: await store.listOrganizations(),
    invitations: await store.listInvitations('org_1'),
    trail: await trailOf(store),
    revocations,
  }
}

export function testAuthority(name: string, promise: StorePromise): void {
  describe(`${name}: the authority of a change`, TOGETHER, () => {
    for (const [method, call] of Object.entries(GUARDED)) {
      promise(
        `that is refused in the unit of ${method} changes nothing: no row, no entry, no feed`,
        async ({ store }) => {
          await populate(store)
          const before = await everythingOf(store)
          const { authority, seen } = refusing()
          await assert.rejects(call(store, authority), REFUSAL)
          assert.equal(seen.length, 1)
          assert.deepEqual(await everythingOf(store), before)
          await store.updateClient('first', countUp)
        },
      )

      promise(`gets the actor as ${method} finds it`, async ({ store }) => {
        await populate(store)
        const { authority, seen } = authorityOf()
        await call(store, authority)
        assert.deepEqual(seen, [{ client: clientOf('first'), tokenRevoked: false }])
      })
    }

    promise('sees an earlier change by another handle', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      await another.updateClient('first', (current) =>
        auditedClient({ ...current, status: 'disabled' }),
      )
      const { authority, seen } = authorityOf()
      await store.createClients([newClient('new')], authority)
      assert.equal(seen[0]?.client?.status, 'disabled')
    })

    promise('sees a token or a key that is on the feed, and no others', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      await another.revokeToken({ jti: 'another', client_id: 'first', expires: 100 }, 10)
      await another.revokeToken({ jti: 'key', client_id: 'first', expires: 100 }, 10)
      const tokenRevoked = async (jti: string, kid: string): Promise<boolean | undefined> => {
        const { authority, seen } = authorityOf()
        await store.updateClient('first', countUp, { ...authority, jti, kid })
        return seen[0]?.tokenRevoked
      }
      assert.equal(await tokenRevoked('token', 'key'), false)
      assert.equal(await tokenRevoked('another', 'key'), true)
      const revoke = [{ kind: 'key', kid: 'bad', expires: 100 }] as const
      await another.updateSigningKeys(() => ({ ...keysAre(keyOf('good')), revoke }))
      assert.equal(await tokenRevoked('token', 'bad'), true)
      assert.equal(await tokenRevoked('bad', 'good'), false)
    })

    promise('of a client that does not exist gets null', async ({ store }) => {
      await populate(store)
      const { authority, seen } = authorityOf()
      await store.createClients([newClient('new')], { ...authority, client_id: 'unknown' })
      assert.deepEqual(seen, [{ client: null, tokenRevoked: false }])
    })

    for (const [method, call] of Object.entries(GUARDED)) {
      promise(`gets the person as ${method} finds it`, async ({ store }) => {
        await populate(store)
        await signUp(store, 'ada')
        await claim(store, 'ada')
        const key = { person_id: 'ada', session_id: 'session_ada', org_id: 'org_1' }
        const seen: PersonState[] = []
        const assertPerson = (state: PersonState): void => void seen.push(state)
        await call(store, { kind: 'person', ...key, assert: assertPerson })
        const [state, ...others] = seen
        assert.deepEqual(others, [])
        assert.equal(state?.role, 'owner')
        const before = await everythingOf(store)
        const refuse = (): never => {
          throw REFUSAL
        }
        await assert.rejects(call(store, { kind: 'person', ...key, assert: refuse }), REFUSAL)
        assert.deepEqual(await everythingOf(store), before)
      })
    }

    promise('lets nothing be created after a cut-off, however the two race', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      const { authority } = authorityOf(({ client }) => {
        if (client?.status === 'disabled') throw REFUSAL
      })
      const making = Array.from({ length: 12 }, (_, index) =>
        store.createClients([newClient(`c${index}`)], authority),
      )
      const settled = Promise.allSettled(making)
      await another.updateClient('first', (current) =>
        auditedClient({ ...current, status: 'disabled' }, { action: 'client.disabled' }),
      )
      await settled
      assert.equal((await trailOf(store)).at(-1)?.action, 'client.disabled')
    })
  })
}
