import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Revocation } from '@modulariot/oauth/protocol'
import { AdminError, type AdminErrorCode } from '../errors/admin-error.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { ClientView } from '../records/client.ts'
import { ADMIN, API, type Installation, openInstallation } from '../testing/sample-installation.ts'
import { createClient, getClient, updateClient } from './clients.ts'
import type { AdminContext } from './context.ts'
import { createAudience } from './installation.ts'
import { parseClientChange, parseClientInput } from './schemas.ts'
import { FEED_SCOPE } from './scopes.ts'
import { addSecret } from './secrets.ts'
import { revokeClientTokens, setResourceServer } from './tokens.ts'

let place: Installation
let admin: AdminContext

beforeEach(async () => {
  place = await openInstallation()
  admin = place.caller(place.acme)
})
afterEach(() => place.close())

async function make(grants = [{ audience: API }]): Promise<ClientView> {
  return (await createClient({ name: 'Truck', grants, ...place.acme }, place.operator)).client
}

async function feed(): Promise<readonly Revocation[]> {
  const nowSeconds = Math.floor(place.clock.now / 1000)
  const page = await place.store.readRevocations({ after: null, limit: 100, nowSeconds })
  return page.revocations
}

const refused = (doing: Promise<unknown>, code: AdminErrorCode) =>
  assert.rejects(doing, (error) => error instanceof AdminError && error.code === code)

describe('ending a client’s tokens', () => {
  it('is on the feed and in the trail, and the client stays active', async () => {
    const { client_id } = await make()
    const client = await revokeClientTokens(client_id, admin)
    const issued_until = Math.floor(place.clock.now / 1000) + 2
    assert.equal(client.tokens_revoked_until, issued_until)
    assert.equal(client.status, 'active')
    const expires = issued_until + 30 * 86_400
    assert.deepEqual(await feed(), [{ kind: 'client', client_id, issued_until, expires }])
    const [row] = await place.store.listAudit({ before: null, limit: 1 })
    const entry = JSON.parse(row?.entry ?? '') as AuditEntry
    assert.equal(entry.action, 'tokens.revoked')
    assert.equal(entry.target.id, client_id)
  })

  it('is refused before new tokens would lie in the future', async () => {
    const { client_id } = await make()
    const nowSeconds = Math.floor(place.clock.now / 1000)
    const cut = async () => (await revokeClientTokens(client_id, admin)).tokens_revoked_until ?? 0
    let until = 0
    for (let times = 0; times < 29; times++) until = await cut()
    assert.equal(until, nowSeconds + 30)
    await refused(cut(), 'conflict')
    place.clock.now += 1000
    assert.equal(await cut(), nowSeconds + 31)
  })

  it('reaches further each time, even within a second', async () => {
    const { client_id } = await make()
    const { tokens_revoked_until: first } = await revokeClientTokens(client_id, admin)
    const { tokens_revoked_until: second } = await revokeClientTokens(client_id, admin)
    assert.ok((second ?? 0) > (first ?? 0))
    const [entry, ...others] = await feed()
    assert.deepEqual(others, [])
    assert.equal(entry?.kind === 'client' && entry.issued_until, second)
  })

  it('comes with disabling it; enabling it restores nothing and cuts nothing off', async () => {
    const { client_id } = await make()
    const disabled = await updateClient(client_id, { status: 'disabled' }, null, admin)
    assert.equal((await feed()).length, 1)
    place.clock.now += 60_000
    const enabled = await updateClient(client_id, { status: 'active' }, null, admin)
    assert.equal(enabled.tokens_revoked_until, disabled.tokens_revoked_until)
    assert.equal((await feed()).length, 1)
  })

  it('does not come with any other change', async () => {
    const { client_id } = await make()
    await updateClient(client_id, { name: 'Van', status: 'active' }, null, admin)
    await addSecret(client_id, { label: 'b', expires_at: null }, admin)
    assert.deepEqual(await feed(), [])
  })

  it('is only for clients of one’s own tenant', async () => {
    const { client_id } = await make()
    for (const tenant of Object.values(place.strangers)) {
      await refused(revokeClientTokens(client_id, place.caller(tenant)), 'not_found')
    }
    assert.deepEqual(await feed(), [])
  })

  it('is not for callers with fewer scopes than the client', async () => {
    const { client_id } = await make([{ audience: ADMIN }])
    const weak = place.caller(place.acme, ['clients:write'])
    await refused(revokeClientTokens(client_id, weak), 'forbidden')
  })
})

describe('a resource server', () => {
  it('is set up by the operator, for audiences that exist', async () => {
    const { client_id } = await make()
    const made = await setResourceServer(client_id, [API, API], place.operator)
    assert.deepEqual(made.resource_server_for, [API])
    const unknown = ['https://nowhere.example']
    await refused(setResourceServer(client_id, unknown, place.operator), 'invalid_input')
    const unmade = await setResourceServer(client_id, [], place.operator)
    assert.deepEqual(unmade.resource_server_for, [])
  })

  it('cannot be set up through the admin API, whatever is sent', async () => {
    const { client_id } = await make()
    await refused(setResourceServer(client_id, [API], admin), 'forbidden')
    const resource_server_for = [API]
    assert.throws(() => parseClientChange({ resource_server_for }), AdminError)
    const input = { name: 'Truck', grants: [{ audience: API }], resource_server_for }
    assert.throws(() => parseClientInput(input), AdminError)
    const sneaked = { name: 'Van', resource_server_for } as { name: string }
    await updateClient(client_id, sneaked, null, admin)
    assert.deepEqual((await getClient(client_id, admin)).resource_server_for, [])
  })

  it('sees into every organization, so no tenant can get its secrets', async () => {
    const { client_id } = await make()
    await setResourceServer(client_id, [API], place.operator)
    await refused(addSecret(client_id, { label: 'mine', expires_at: null }, admin), 'forbidden')
    await refused(updateClient(client_id, { name: 'mine' }, null, admin), 'forbidden')
    assert.ok(await addSecret(client_id, { label: 'b', expires_at: null }, place.operator))
  })
})

describe('the scope of the feed', () => {
  it('cannot be granted by administrators of a tenant', async () => {
    const feedApi = 'https://auth.example/oauth2/revocations'
    const rules = {
      token_lifetime_seconds: 3600,
      signing_alg: 'ES256',
      token_typ: 'at+jwt',
    } as const
    await createAudience({ audience: feedApi, scopes: [FEED_SCOPE], ...rules }, place.operator)
    const input = { name: 'Follower', grants: [{ audience: feedApi }], ...place.acme }
    await refused(createClient(input, admin), 'forbidden')
    const { client_id } = await make()
    const grants = [{ audience: feedApi }]
    await refused(updateClient(client_id, { grants }, null, admin), 'forbidden')
    assert.ok(await createClient(input, place.operator))
  })
})
