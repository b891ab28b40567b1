/** Conformance: what a change of the encryption key stores. */

import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { AuditRow } from '../../records/audit-entry.ts'
import type { Client } from '../../records/client.ts'
import { sampleSecret } from '../../testing/sample-client.ts'
import type { SecretMove } from '../ports/secret-moves.ts'
import type { AuthStore } from '../store.ts'
import {
  countUp,
  draftOf,
  keysAre,
  newClient,
  populate,
  type StorePromise,
  TOGETHER,
} from './samples.ts'

const SECRETS = ['one', 'two'].map((id) => sampleSecret(id, { digest: `former ${id}` }))

const move = (secret_id: string, client_id = 'moved'): SecretMove => ({
  ...{ client_id, secret_id },
  ...{ from: `former ${secret_id}`, digest: `new ${secret_id}`, digest_key: 'new' },
})

async function stored(store: AuthStore): Promise<Client> {
  return (await store.findClient('moved')) ?? assert.fail('no client')
}

async function digests(store: AuthStore): Promise<unknown[]> {
  return (await stored(store)).secrets.map(({ digest, digest_key }) => [digest, digest_key])
}

export function testKeyChange(name: string, promise: StorePromise): void {
  describe(`${name}: a change of the encryption key`, TOGETHER, () => {
    promise('moves secrets, and leaves the rest of the client alone', async ({ store }) => {
      await populate(store)
      await store.createClients([newClient('moved', { secrets: SECRETS })])
      const before = await stored(store)
      const head = await store.listAudit({ before: null, limit: 1 })
      assert.equal(await store.moveSecrets([move('two'), move('one', 'unknown')]), 1)
      const [one, two] = SECRETS
      assert.deepEqual(await stored(store), {
        ...before,
        secrets: [one, { ...two, digest: 'new two', digest_key: 'new' }],
      })
      assert.deepEqual(await store.listAudit({ before: null, limit: 1 }), head)
      assert.equal(await store.moveSecrets([]), 0)
    })

    promise('moves a secret once, and not one that has another digest now', async ({ store }) => {
      await populate(store)
      await store.createClients([newClient('moved', { secrets: SECRETS })])
      assert.equal(await store.moveSecrets([move('one'), move('two')]), 2)
      const late = [move('one'), { ...move('two'), from: 'another' }]
      assert.equal(await store.moveSecrets(late), 0)
      const moved = [
        ['new one', 'new'],
        ['new two', 'new'],
      ]
      assert.deepEqual(await digests(store), moved)
    })

    promise(
      'shows the newest row of the trail and the instances to a change',
      async ({ store }) => {
        await populate(store)
        const [head] = await store.listAudit({ before: null, limit: 1 })
        const instance = { instance_id: 'one', name: 'one', key_ids: ['k'], until: 1 }
        await store.announceInstance(instance)
        let seen: unknown
        await store.updateSigningKeys((_keys, moment) => {
          seen = moment
          return null
        })
        assert.deepEqual(seen, { lastSeq: head?.seq ?? 0, instances: [instance] })
      },
    )

    promise('loses no change that another process makes at the same time', async (stores) => {
      const [store, other] = [stores.store, await stores.openAnother()]
      await populate(store)
      await store.createClients([newClient('moved', { secrets: SECRETS })])
      const { version } = await stored(store)
      await Promise.all([
        ...Array.from({ length: 10 }, () => other.updateClient('moved', countUp)),
        store.moveSecrets([move('one')]),
        store.moveSecrets([move('two')]),
      ])
      assert.equal((await stored(store)).version, version + 10)
      assert.deepEqual(
        (await digests(store)).map((one) => (one as unknown[])[1]),
        ['new', 'new'],
      )
    })

    promise('keeps a voucher for each former key', async ({ store }) => {
      assert.deepEqual(await store.listFormerCheckpointKeys(), [])
      const keep = (kid: string, voucher: string) =>
        store.updateSigningKeys(() => ({
          ...keysAre(),
          formerCheckpointKey: { kid, voucher, presentKid: 'p', base: null },
        }))
      await keep('b', 'second')
      await keep('a', 'first')
      await keep('b', 'second again')
      assert.deepEqual(await store.listFormerCheckpointKeys(), ['first', 'second again'])
    })

    promise('replaces the signature of the base with the key, and no other', async ({ store }) => {
      await populate(store)
      const [first, second] = await store.readAudit({ after: 0, limit: 2 })
      const audit = draftOf({ action: 'trail.cut', target: { type: 'trail', id: 'audit' } })
      const cut = (last: typeof first, kid: string) =>
        store.cutAudit({ last: last as AuditRow, checkpoint: `by ${kid}`, kid, audit })
      const replace = (kid: string, presentKid: string, before: string | null) =>
        store.updateSigningKeys(() => ({
          ...keysAre(),
          formerCheckpointKey: {
            ...{ kid, presentKid, voucher: kid },
            base: before === null ? null : { before, after: `by ${presentKid}` },
          },
        }))
      assert.equal(await cut(first, 'a'), true)
      await assert.rejects(replace('a', 'b', null), { code: 'conflict' })
      assert.deepEqual(await store.listFormerCheckpointKeys(), [])
      await replace('a', 'b', 'by a')
      assert.equal(await store.readAuditBase(), 'by b')
      // An instance that has not heard of the change yet.
      assert.equal(await cut(second, 'a'), false)
      await replace('b', 'a', 'by b')
      assert.equal(await cut(second, 'a'), true)
    })

    promise('knows the running instances until they end or are removed', async (stores) => {
      const [store, other] = [stores.store, await stores.openAnother()]
      const one = { instance_id: 'i1', name: 'a (process 1)', key_ids: ['k1'], until: 100 }
      const two = { instance_id: 'i2', name: 'a (process 2)', key_ids: ['k1', 'k2'], until: 200 }
      await store.announceInstance(one)
      await other.announceInstance(two)
      assert.deepEqual(await store.listInstances(99), [one, two])
      assert.deepEqual(await store.listInstances(100), [two])
      await store.announceInstance({ ...one, until: 300 })
      assert.deepEqual(await other.listInstances(150), [{ ...one, until: 300 }, two])
      await other.removeInstance('i2')
      await other.removeInstance('unknown')
      assert.equal(await store.sweep(299, 10), 0)
      assert.equal(await store.sweep(300, 10), 1)
      assert.deepEqual(await store.listInstances(0), [])
    })
  })
}
