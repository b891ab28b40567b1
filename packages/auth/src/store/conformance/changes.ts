/** Conformance: notification of changes. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import { noUsage } from '../../records/usage.ts'
import type { StoreChange } from '../ports/changes.ts'
import { MAX_NAMED_CLIENTS } from '../revision.ts'
import type { AuthStore } from '../store.ts'
import {
  ADMIN,
  countUp,
  deleted,
  keyOf,
  keysAre,
  newAudience,
  newClient,
  newOrganization,
  populate,
  type StorePromise,
  TOGETHER,
  TRACK,
  unchanged,
} from './samples.ts'

const PROMISED_MS = 1000
/** What a busy machine may add. */
const SLACK_MS = 1000

/** Resolves with the next change that the store announces. */
function nextChange(store: AuthStore): Promise<StoreChange> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      stop()
      reject(new Error('no change was announced'))
    }, PROMISED_MS + SLACK_MS)
    const stop = store.onChange((change) => {
      clearTimeout(deadline)
      stop()
      resolve(change)
    })
  })
}

export function testChanges(name: string, promise: StorePromise): void {
  describe(`${name}: a change`, TOGETHER, () => {
    promise(
      'through another handle is announced within a second',
      async ({ store, openAnother }) => {
        const another = await openAnother()
        const changes: Record<string, () => Promise<unknown>> = {
          audience: () => another.createAudience(newAudience()),
          'first organization': () => another.createFirst(newOrganization(), newClient('first')),
          organization: () =>
            another.createOrganization(newOrganization({ org_id: 'org_2', name: 'B' })),
          client: () => another.createClients([newClient('second')]),
          'change of a client': () => another.updateClient('second', countUp),
          keys: () => another.updateSigningKeys(() => keysAre(keyOf('a'))),
        }
        for (const [what, change] of Object.entries(changes)) {
          const notified = nextChange(store)
          await change()
          await assert.doesNotReject(notified, what)
        }
      },
    )

    promise('names what may be stale, and nothing else', async ({ store, openAnother }) => {
      const another = await openAnother()
      await populate(store)
      await another.createClients([newClient('second')])
      const changesOf = async (change: () => Promise<unknown>): Promise<StoreChange[]> => {
        // Both handles must have seen all earlier changes, or they would take them for the next
        // one.
        const changes = [nextChange(store), nextChange(another)]
        await change()
        return Promise.all(changes)
      }
      await changesOf(() =>
        store.createOrganization(newOrganization({ org_id: 'org_9', name: 'B' })),
      )
      const nothing: StoreChange = { clients: [], keys: false, revocations: false }
      const expectations: [() => Promise<unknown>, StoreChange][] = [
        [() => store.createClients([newClient('third')]), nothing],
        [() => store.updateClient('second', countUp), { ...nothing, clients: ['second'] }],
        [() => store.updateSigningKeys(() => keysAre(keyOf('a'))), { ...nothing, keys: true }],
        [
          () => store.createAudience(newAudience({ ...TRACK, audience: 'x' })),
          { ...nothing, keys: true },
        ],
        [
          () => store.updateAudience(TRACK.audience, newAudience),
          { ...nothing, clients: ['first', 'second', 'third'], keys: true },
        ],
        [() => store.updateAudience(ADMIN.audience, newAudience), { ...nothing, keys: true }],
        [
          () => store.revokeToken({ jti: 'j', client_id: 'first', expires: 100 }, 10),
          { ...nothing, revocations: true },
        ],
        // It has no row any more; other processes must forget it too.
        [
          () => store.deleteClient('third', deleted),
          { ...nothing, clients: ['third'], revocations: true },
        ],
      ]
      for (const [change, expected] of expectations) {
        for (const { clients, ...notified } of await changesOf(change)) {
          const sorted = clients === 'all' ? clients : clients.toSorted()
          assert.deepEqual({ clients: sorted, ...notified }, expected)
        }
      }
    })

    promise(
      'of an audience with more clients than can be named makes all stale',
      async (stores) => {
        const { store } = stores
        await populate(store)
        const ids = Array.from({ length: MAX_NAMED_CLIENTS + 1 }, (_, index) => `many_${index}`)
        await store.createClients(ids.map((id) => newClient(id)))
        const another = await stores.openAnother()
        const notified = nextChange(another)
        await store.updateAudience(TRACK.audience, newAudience)
        assert.equal((await notified).clients, 'all')
      },
    )

    promise('of our own is announced to every listener', async ({ store }) => {
      const notified = Promise.all([nextChange(store), nextChange(store)])
      await store.createAudience(newAudience())
      await notified
    })

    promise('is visible by the time it is announced', async ({ store, openAnother }) => {
      const another = await openAnother()
      const notified = nextChange(store)
      await another.createAudience(newAudience())
      await notified
      assert.deepEqual(await store.listAudiences(), [TRACK])
    })

    promise(
      'is not announced for reads, for calls that changed nothing, or to former listeners',
      async (stores) => {
        const { store } = stores
        const another = await stores.openAnother()
        await populate(store)
        let notifications = 0
        const listening = await stores.openAnother()
        listening.onChange(() => notifications++)
        for (const handle of [store, another, listening]) {
          await handle.ping()
          await handle.findClient('first')
          await handle.listClients({ after: null, limit: 10 })
          await handle.listOrganizations()
          await handle.listAudiences()
          await handle.createAudience(newAudience())
          await handle.createFirst(newOrganization(), newClient('second'))
          await handle.listSigningKeys()
          await handle.updateSigningKeys(unchanged)
          await assert.rejects(handle.createClients([newClient('first')]), StoreConflict)
          await handle.createClients([])
          await handle.updateClient('unknown', countUp)
          await handle.deleteClient('unknown', deleted)
          await handle.updateAudience('unknown', newAudience)
          await handle.listAudit({ before: null, limit: 10 })
          await handle.readAudit({ after: 0, limit: 10 })
          await handle.findIdempotent({ org_id: 'org_1', environment: 'development' }, 'key')
        }
        // No event announces silence: wait as long as a notification may take.
        await new Promise((resolve) => setTimeout(resolve, PROMISED_MS))
        assert.equal(notifications, 0)
        let notifiedAfterLeaving = 0
        const leave = another.onChange(() => notifiedAfterLeaving++)
        const notified = [nextChange(listening), nextChange(another)]
        leave()
        await another.createClients([newClient('second')])
        await Promise.all(notified)
        assert.equal(notifiedAfterLeaving, 0)
      },
    )

    promise('that no cache holds is not announced: usage and used assertions', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      let notifications = 0
      store.onChange(() => notifications++)
      another.onChange(() => notifications++)
      // A late notification of an earlier change would look like one of the next change.
      await new Promise((resolve) => setTimeout(resolve, PROMISED_MS))
      notifications = 0
      assert.equal(await store.useAssertion({ client_id: 'first', jti: 'a', until: 60 }, 0), true)
      const clients = [{ ...noUsage('first'), tokens_issued: 1 }]
      await store.addUsage({ clients, secrets: [] })
      assert.equal((await another.usageOf('first')).client?.tokens_issued, 1)
      await new Promise((resolve) => setTimeout(resolve, PROMISED_MS))
      assert.equal(notifications, 0)
    })
  })
}
