/** Records for testing stores, and short ways to write and read them. */

import assert from 'node:assert/strict'
import type {
  StorePromise as AnyStorePromise,
  Stores as AnyStores,
} from '@modulariot/platform/testing/store-promises'
import { verifyTrail } from '../../audit/verify.ts'
import type { Audience } from '../../records/audience.ts'
import type { AuditDraft, AuditEntry, AuditRow } from '../../records/audit-entry.ts'
import type { Client, Organization } from '../../records/client.ts'
import type { SealedKey } from '../../records/sealed-key.ts'
import { SAMPLE_TIME, sampleClient, sampleSecret } from '../../testing/sample-client.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { ClientQuery } from '../ports/clients.ts'
import type { KeyChange } from '../ports/signing-keys.ts'
import type { AuthStore } from '../store.ts'

export { TOGETHER } from '@modulariot/platform/testing/store-promises'

export type StorePromise = AnyStorePromise<AuthStore>
export type Stores = AnyStores<AuthStore>

export const ORGANIZATION = { org_id: 'org_1', name: 'Acme' }
export const TRACK: Audience = {
  audience: 'https://api.example/track',
  scopes: ['asset:track:write', 'asset:track:read'],
  token_lifetime_seconds: 86_400,
  signing_alg: 'RS256',
  token_typ: 'at+jwt',
}
export const ADMIN: Audience = {
  audience: 'https://api.example/admin',
  scopes: ['clients'],
  token_lifetime_seconds: 600,
  signing_alg: 'EdDSA',
  token_typ: 'JWT',
}

export function clientOf(client_id: string, changes: Partial<Client> = {}): Client {
  return sampleClient({
    client_id,
    name: `Client ${client_id}`,
    org_id: ORGANIZATION.org_id,
    environment: 'development',
    grants: [{ audience: TRACK.audience, scopes: ['asset:track:write'] }],
    secrets: [sampleSecret(`secret_${client_id}`)],
    ...changes,
  })
}

export function draftOf(changes: Partial<AuditDraft> = {}): AuditDraft {
  return {
    at: SAMPLE_TIME,
    actor: { kind: 'operator', name: 'ops' },
    action: 'client.created',
    target: { type: 'client', id: 'client_1' },
    org_id: ORGANIZATION.org_id,
    environment: 'development',
    address: null,
    request_id: null,
    idempotency: null,
    before: null,
    after: null,
    ...changes,
  }
}

/** A created or changed client, with an entry that names it. */
export function auditedClient(
  client: Client,
  changes: Partial<AuditDraft> = {},
): Audited<Client> & { readonly audit: AuditDraft } {
  const { client_id: id, org_id, environment } = client
  const target = { type: 'client', id } as const
  return { value: client, audit: draftOf({ target, org_id, environment, ...changes }) }
}

export const newClient = (client_id: string, changes: Partial<Client> = {}): Audited<Client> =>
  auditedClient(clientOf(client_id, changes))

export function newOrganization(value: Organization = ORGANIZATION): Audited<Organization> {
  const { org_id } = value
  const target = { type: 'organization', id: org_id } as const
  const action = 'organization.created'
  return { value, audit: draftOf({ action, target, org_id, environment: null }) }
}

export function newAudience(value: Audience = TRACK): Audited<Audience> {
  const target = { type: 'audience', id: value.audience } as const
  const action = 'audience.created'
  return { value, audit: draftOf({ action, target, org_id: null, environment: null }) }
}

export function keyOf(kid: string): SealedKey {
  const public_jwk = { kty: 'OKP', crv: 'Ed25519', x: 'abc', kid, alg: 'EdDSA', use: 'sig' }
  return {
    kid,
    alg: 'EdDSA',
    public_jwk,
    sealed: `sealed.${kid}`,
    created_at: SAMPLE_TIME,
    activates_at: SAMPLE_TIME,
    retires_at: null,
  }
}

/** Sets these keys, without audit entries. */
export const keysAre = (...keys: SealedKey[]): KeyChange => ({ keys, audit: [] })

export const unchanged = (): null => null

/** Increments a client's version and changes nothing else. */
export function countUp(current: Client): Audited<Client> {
  const next = { ...current, version: current.version + 1 }
  return auditedClient(next, { action: 'client.updated', after: next.version })
}

/** Removes a client and ends its tokens. */
export function deleted(current: Client): Audited<Client> {
  const { client_id } = current
  const revoke = [{ kind: 'client', client_id, issued_until: 100, expires: 200 }] as const
  return { ...auditedClient(current, { action: 'client.deleted', after: null }), revoke }
}

/** Creates an organization, one client and both audiences: four rows in the trail. */
export async function populate(store: AuthStore): Promise<void> {
  await store.createAudience(newAudience(TRACK))
  await store.createAudience(newAudience(ADMIN))
  assert.equal(await store.createFirst(newOrganization(), newClient('first')), true)
}

export async function allClients(
  store: AuthStore,
  limit: number,
  filter: Partial<ClientQuery> = {},
): Promise<Client[]> {
  const clients: Client[] = []
  let after: string | null = null
  do {
    const page = await store.listClients({ ...filter, after, limit })
    assert.ok(page.clients.length <= limit)
    assert.ok(page.clients.length > 0 || after === null, 'no page but the first is empty')
    clients.push(...page.clients)
    assert.ok(clients.length < 1000, 'the pages come to an end')
    after = page.next
  } while (after !== null)
  return clients
}

export async function clientIds(
  store: AuthStore,
  filter: Partial<ClientQuery> = {},
): Promise<string[]> {
  return (await allClients(store, 100, filter)).map(({ client_id }) => client_id)
}

/** The whole trail, read three rows a page, after verifying its chain. */
export async function trailOf(store: AuthStore): Promise<AuditEntry[]> {
  const rows: AuditRow[] = []
  let page: AuditRow[]
  do {
    page = await store.readAudit({ after: rows.at(-1)?.seq ?? 0, limit: 3 })
    assert.ok(page.length <= 3)
    rows.push(...page)
  } while (page.length > 0)
  async function* inOrder() {
    yield* rows
  }
  const verdict = await verifyTrail(inOrder())
  assert.ok(verdict.ok, JSON.stringify(verdict))
  return rows.map(({ entry }) => JSON.parse(entry) as AuditEntry)
}
