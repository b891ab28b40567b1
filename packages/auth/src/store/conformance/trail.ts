/**
 * Conformance: the audit trail is written in the unit of the change, as one chain for all
 * processes.
 */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { StoreConflict } from '@modulariot/platform/storage'
import { verifyTrail } from '../../audit/verify.ts'
import type { AuditRow } from '../../records/audit-entry.ts'
import { clientViewOf } from '../../records/client.ts'
import { SAMPLE_TIME } from '../../testing/sample-client.ts'
import type { AuditQuery } from '../ports/trail.ts'
import type { AuthStore } from '../store.ts'
import {
  auditedClient,
  clientIds,
  clientOf,
  countUp,
  draftOf,
  newClient,
  newOrganization,
  ORGANIZATION,
  populate,
  type StorePromise,
  TOGETHER,
  trailOf,
} from './samples.ts'

const TENANT = { org_id: ORGANIZATION.org_id, environment: 'development' } as const

async function* inOrder(rows: readonly AuditRow[]): AsyncGenerator<AuditRow> {
  yield* rows
}

async function seqs(store: AuthStore, query: Partial<AuditQuery>): Promise<number[]> {
  const rows = await store.listAudit({ before: null, limit: 100, ...query })
  return rows.map(({ seq }) => seq)
}

export function testTrail(name: string, promise: StorePromise): void {
  describe(`${name}: the audit trail`, TOGETHER, () => {
    promise('counts from 1 without gaps, and its chain holds', async ({ store }) => {
      await populate(store)
      await store.updateClient('first', countUp)
      const trail = await trailOf(store)
      assert.deepEqual(
        trail.map(({ seq }) => seq),
        [1, 2, 3, 4, 5],
      )
    })

    promise('keeps every member of an entry', async ({ store }) => {
      await populate(store)
      const { value, audit } = auditedClient(clientOf('new'), {
        at: '2026-05-01T12:00:00.000Z',
        actor: { kind: 'client', client_id: 'first' },
        address: '192.0.2.1',
        request_id: 'request',
        idempotency: { key: 'key', digest: 'digest' },
        before: null,
        after: { deep: [{ 'ü"\n': null }] },
      })
      await store.createClients([{ value, audit }])
      assert.deepEqual((await trailOf(store)).at(-1), { seq: 5, ...audit })
    })

    promise('records changes to things kept elsewhere', async ({ store }) => {
      await populate(store)
      const { audit } = auditedClient(clientOf('other'), { before: null, after: { days: 30 } })
      await store.recordAudit(audit)
      assert.deepEqual((await trailOf(store)).at(-1), { seq: 5, ...audit })
    })

    promise('is one chain, whichever process writes', async (stores) => {
      const handles = [stores.store, await stores.openAnother()] as const
      await populate(stores.store)
      const writes = Array.from({ length: 20 }, (_, index) => {
        const store = handles[index % 2] as AuthStore
        if (index % 3 === 0) return store.updateClient('first', countUp)
        return store.createClients([newClient(`a${index}`), newClient(`b${index}`)])
      })
      await Promise.all(writes)
      const trail = await trailOf(stores.store)
      assert.equal(trail.length, 4 + 7 + 2 * 13)
      assert.deepEqual(await trailOf(handles[1]), trail)
    })

    promise('is listed newest first, by each filter, page by page', async ({ store }) => {
      await populate(store)
      await store.createOrganization(newOrganization({ org_id: 'org_2', name: 'B' }))
      await store.createClients([
        newClient('live', { environment: 'production' }),
        newClient('theirs', { org_id: 'org_2' }),
      ])
      await store.updateClient('first', countUp)
      assert.deepEqual(await seqs(store, {}), [8, 7, 6, 5, 4, 3, 2, 1])
      assert.deepEqual(await seqs(store, { limit: 3 }), [8, 7, 6])
      assert.deepEqual(await seqs(store, { before: 6, limit: 3 }), [5, 4, 3])
      assert.deepEqual(await seqs(store, { before: 1 }), [])
      assert.deepEqual(await seqs(store, { org_id: 'org_1' }), [8, 6, 4, 3])
      assert.deepEqual(await seqs(store, { ...TENANT }), [8, 4])
      assert.deepEqual(await seqs(store, { ...TENANT, before: 8 }), [4])
      assert.deepEqual(await seqs(store, { environment: 'production' }), [6])
      assert.deepEqual(await seqs(store, { org_id: 'org_1', environment: null }), [3])
      assert.deepEqual(await seqs(store, { target_id: 'first' }), [8, 4])
      assert.deepEqual(await seqs(store, { action: 'client.updated' }), [8])
      assert.deepEqual(await seqs(store, { action: 'client.created', org_id: 'org_2' }), [7])
      assert.deepEqual(await seqs(store, { org_id: 'org_9' }), [])
    })
  })

  describe(`${name}: a trail that is cut`, TOGETHER, () => {
    const audit = draftOf({ action: 'trail.cut', target: { type: 'trail', id: 'audit' } })

    promise('has the checkpoint in place of its oldest rows, and continues', async (stores) => {
      const { store } = stores
      const another = await stores.openAnother()
      await populate(store)
      assert.equal(await store.readAuditBase(), null)
      const rows = await store.readAudit({ after: 0, limit: 10 })
      const last = rows[2] as AuditRow
      assert.equal(await store.cutAudit({ last, checkpoint: 'signed', kid: 'k', audit }), true)
      await another.createClients([newClient('new')])
      for (const one of [store, another]) {
        assert.equal(await one.readAuditBase(), 'signed')
        assert.deepEqual(await seqs(one, {}), [6, 5, 4])
        const left = await one.readAudit({ after: 0, limit: 10 })
        assert.deepEqual(left[0], rows[3])
        const verdict = await verifyTrail(inOrder(left), { base: last })
        assert.equal(verdict.ok && verdict.head?.seq, 6)
      }
    })

    promise('keeps one checkpoint, of the last row that was cut', async ({ store, reopen }) => {
      await populate(store)
      const rows = await store.readAudit({ after: 0, limit: 10 })
      for (const [index, checkpoint] of ['a', 'b'].entries()) {
        const last = rows[index] as AuditRow
        assert.equal(await store.cutAudit({ last, checkpoint, kid: 'k', audit }), true)
      }
      const reopened = await reopen()
      assert.equal(await reopened.readAuditBase(), 'b')
      assert.deepEqual(await seqs(reopened, {}), [6, 5, 4, 3])
    })

    promise(
      'is not cut at a row that was altered, or that another instance has cut',
      async (stores) => {
        const { store } = stores
        const another = await stores.openAnother()
        await populate(store)
        const [first, second] = (await store.readAudit({ after: 0, limit: 2 })) as [
          AuditRow,
          AuditRow,
        ]
        const forged = { ...second, hash: first.hash }
        assert.equal(
          await store.cutAudit({ last: forged, checkpoint: 'forged', kid: 'k', audit }),
          false,
        )
        assert.equal(await store.readAuditBase(), null)
        const cuts = [store, another].map((one) =>
          one.cutAudit({ last: second, checkpoint: 'signed', kid: 'k', audit }),
        )
        assert.deepEqual((await Promise.all(cuts)).toSorted(), [false, true])
        assert.deepEqual(await seqs(store, {}), [5, 4, 3])
      },
    )
  })

  describe(`${name}: an idempotency key`, TOGETHER, () => {
    const idempotency = { key: 'key-1', digest: 'digest' }

    promise('finds the change it was used for, in its tenant only', async ({ store }) => {
      await populate(store)
      assert.equal(await store.findIdempotent(TENANT, 'key-1'), null)
      await store.createClients([auditedClient(clientOf('new'), { idempotency, after: 'this' })])
      const until = Math.floor(Date.parse(SAMPLE_TIME) / 1000) + 86_400
      const made = { digest: 'digest', client: clientViewOf(clientOf('new')), until }
      assert.deepEqual(await store.findIdempotent(TENANT, 'key-1'), made)
      await store.updateClient('new', countUp)
      assert.deepEqual(await store.findIdempotent(TENANT, 'key-1'), made, 'as it was then')
      assert.equal(await store.findIdempotent(TENANT, 'KEY-1'), null)
      assert.equal(await store.findIdempotent({ ...TENANT, org_id: 'org_2' }, 'key-1'), null)
      const live = { ...TENANT, environment: 'production' } as const
      assert.equal(await store.findIdempotent(live, 'key-1'), null)
    })

    promise('used again is a conflict, and nothing is written', async ({ store, openAnother }) => {
      const another = await openAnother()
      await populate(store)
      await store.createClients([auditedClient(clientOf('new'), { idempotency })])
      const before = await trailOf(store)
      for (const handle of [store, another]) {
        const create = handle.createClients([
          newClient('good'),
          auditedClient(clientOf('again'), { idempotency }),
        ])
        await assert.rejects(create, StoreConflict)
        const update = handle.updateClient('first', (current) =>
          auditedClient({ ...current, name: 'Changed' }, { idempotency }),
        )
        await assert.rejects(update, StoreConflict)
      }
      assert.deepEqual(await clientIds(store), ['first', 'new'])
      assert.equal((await store.findClient('first'))?.name, 'Client first')
      assert.deepEqual(await trailOf(store), before)
    })

    promise('of an update finds the client as the update left it', async ({ store }) => {
      await populate(store)
      await store.updateClient('first', (current) =>
        auditedClient({ ...current, name: 'Changed' }, { idempotency }),
      )
      const found = await store.findIdempotent(TENANT, 'key-1')
      assert.deepEqual(found?.client, clientViewOf(clientOf('first', { name: 'Changed' })))
    })

    promise('can be used for another change after a day', async ({ store }) => {
      await populate(store)
      await store.createClients([auditedClient(clientOf('new'), { idempotency })])
      const later = (ms: number) => ({
        idempotency,
        at: new Date(Date.parse(SAMPLE_TIME) + ms).toISOString(),
      })
      const tooSoon = auditedClient(clientOf('soon'), later(86_399_000))
      await assert.rejects(store.createClients([tooSoon]), StoreConflict)
      await store.createClients([auditedClient(clientOf('next'), later(86_400_000))])
      const found = await store.findIdempotent(TENANT, 'key-1')
      assert.equal(found?.client.client_id, 'next')
    })

    promise('is forgotten by the sweep after a day, and not before', async ({ store }) => {
      await populate(store)
      await store.createClients([auditedClient(clientOf('new'), { idempotency })])
      const madeAt = Math.floor(Date.parse(SAMPLE_TIME) / 1000)
      assert.equal(await store.sweep(madeAt + 86_399, 10), 0)
      assert.notEqual(await store.findIdempotent(TENANT, 'key-1'), null)
      assert.equal(await store.sweep(madeAt + 86_400, 10), 1)
      assert.equal(await store.findIdempotent(TENANT, 'key-1'), null)
    })

    promise('is free in another tenant', async ({ store }) => {
      await populate(store)
      const live = clientOf('live', { environment: 'production' })
      await store.createClients([auditedClient(clientOf('new'), { idempotency })])
      await store.createClients([auditedClient(live, { idempotency })])
      assert.deepEqual(await clientIds(store), ['first', 'live', 'new'])
    })
  })
}
