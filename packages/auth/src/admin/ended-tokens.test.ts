/** Use cases that take power away: the cut-off is in the record, on the feed and in the trail. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { ClientChange } from '../clients/new-client.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { ClientView } from '../records/client.ts'
import { API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { createClient, updateClient } from './clients.ts'
import type { AdminContext } from './context.ts'
import { addSecret, revokeSecret, rotateSecrets } from './secrets.ts'
import { revokeClientTokens, setResourceServer } from './tokens.ts'

let place: Installation
let admin: AdminContext

beforeEach(async () => {
  place = await openInstallation()
  admin = place.caller(place.acme)
})
afterEach(() => place.close())

const FULL = { grants: [{ audience: API, scopes: ['read', 'write'] }] }
const NARROW = { grants: [{ audience: API, scopes: ['read'] }] }

async function make(): Promise<ClientView> {
  return (await createClient({ name: 'Truck', ...FULL, ...place.acme }, place.operator)).client
}

const change = (id: string, by: ClientChange, context = admin): Promise<ClientView> =>
  updateClient(id, by, null, context)

/** The `issued_until` of each feed entry. */
async function cuts(): Promise<number[]> {
  const nowSeconds = Math.floor(place.clock.now / 1000)
  const page = await place.store.readRevocations({ after: null, limit: 100, nowSeconds })
  return page.revocations.map((one) => (one.kind === 'client' ? one.issued_until : 0))
}

const cutNow = (): number => Math.floor(place.clock.now / 1000) + 2

describe('a change that takes power away', () => {
  it('ends the client’s tokens: in its record, on the feed, in the trail', async () => {
    const { client_id } = await make()
    const changed = await change(client_id, NARROW)
    assert.equal(changed.status, 'active')
    assert.equal(changed.tokens_revoked_until, cutNow())
    assert.deepEqual(await cuts(), [cutNow()])
    const [row] = await place.store.listAudit({ before: null, limit: 1 })
    const { action, after } = JSON.parse(row?.entry ?? '') as AuditEntry
    assert.equal(action, 'client.updated')
    assert.equal((after as ClientView).tokens_revoked_until, cutNow())
  })

  it('ends them for the operator too', async () => {
    const { client_id } = await make()
    await change(client_id, NARROW, place.operator)
    assert.deepEqual(await cuts(), [cutNow()])
  })

  for (const token_lifetime_seconds of [60, 3599]) {
    it(`knows how long the audience’s tokens live (${token_lifetime_seconds} s)`, async () => {
      const { client_id } = await make()
      await change(client_id, { token_lifetime_seconds: 3600 })
      assert.deepEqual(await cuts(), [])
      await change(client_id, { token_lifetime_seconds: null })
      assert.deepEqual(await cuts(), [])
      await change(client_id, { token_lifetime_seconds })
      assert.deepEqual(await cuts(), [cutNow()])
    })
  }

  it('leaves tokens valid when it only adds power', async () => {
    const { client_id } = await make()
    await change(client_id, { name: 'Van', tags: ['a'] })
    await change(client_id, { token_lifetime_seconds: 7200 })
    await setResourceServer(client_id, [API], place.operator)
    await setResourceServer(client_id, [], place.operator)
    assert.deepEqual(await cuts(), [])
  })

  it('needs no cut-off while the client is disabled and has no tokens', async () => {
    const { client_id } = await make()
    await change(client_id, { status: 'disabled' })
    assert.equal((await cuts()).length, 1)
    const before = await cuts()
    await change(client_id, NARROW)
    await change(client_id, { status: 'active' })
    assert.deepEqual(await cuts(), before)
  })

  it('is refused, and changes nothing, after too many cut-offs in a row', async () => {
    const { client_id } = await make()
    let cut = 0
    const refusal = await (async () => {
      for (; cut < 100; cut++) {
        await change(client_id, NARROW)
        await change(client_id, FULL)
      }
    })().catch((error: unknown) => error)
    assert.ok(refusal instanceof AdminError && refusal.code === 'conflict')
    // The last cut-off is still within what every verifier accepts.
    assert.equal(cut, 29)
    const before = await cuts()
    assert.equal(before[0], Math.floor(place.clock.now / 1000) + 30)
    const { grants } = await change(client_id, { name: 'Still' })
    assert.deepEqual(grants[0]?.scopes, ['read', 'write'])
    await assert.rejects(revokeClientTokens(client_id, admin), AdminError)
    // Disabling leads to no new tokens, so it is never refused, even along with a change that would
    // be.
    const disabled = await change(client_id, { ...NARROW, status: 'disabled' })
    assert.equal(disabled.status, 'disabled')
    assert.deepEqual(await cuts(), [(before[0] ?? 0) + 1])
  })

  it('cannot make a client unusable by disabling and enabling it repeatedly', async () => {
    const { client_id } = await make()
    const refusal = await (async () => {
      for (let turn = 0; turn < 100; turn++) {
        await change(client_id, { status: 'disabled' })
        await change(client_id, { status: 'active' })
      }
    })().catch((error: unknown) => error)
    assert.ok(refusal instanceof AdminError && refusal.code === 'conflict')
    assert.match(refusal.message, /; try again in 1 s$/)
    // A client that is disabled stays so, and the cut-off moves no further.
    const { status } = await change(client_id, { status: 'disabled' })
    assert.equal(status, 'disabled')
    assert.deepEqual(await cuts(), [Math.floor(place.clock.now / 1000) + 31])
    place.clock.now += 1000
    assert.equal((await change(client_id, { status: 'active' })).status, 'active')
  })
})

describe('a secret', () => {
  it('that is rotated with an overlap leaves tokens valid; without an overlap it ends them', async () => {
    const { client_id, secrets } = await make()
    await addSecret(client_id, { label: 'b', expires_at: null }, admin)
    await rotateSecrets(client_id, { label: 'c', overlapSeconds: 60 }, admin)
    await revokeSecret(client_id, secrets[0]?.secret_id ?? '', admin)
    assert.deepEqual(await cuts(), [])
    await rotateSecrets(client_id, { label: 'd', overlapSeconds: 0 }, admin)
    assert.deepEqual(await cuts(), [cutNow()])
  })

  it('ends the tokens when the only one is revoked', async () => {
    const { client_id, secrets } = await make()
    await revokeSecret(client_id, secrets[0]?.secret_id ?? '', admin)
    assert.deepEqual(await cuts(), [cutNow()])
  })
})
