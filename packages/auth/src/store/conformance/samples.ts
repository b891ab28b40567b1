/** Records to test stores with, and the short ways to put them in and read them out. */

import assert from 'node:assert/strict'
import type { Audience } from '../../audiences/audience.ts'
import type { Client } from '../../clients/client.ts'
import type { SealedKey } from '../../keys/sealed-key.ts'
import type { AuthStore, NewClientRows } from '../store.ts'

/** A test of what the port promises: its sentence, and how to see it kept. */
export type StorePromise = (sentence: string, run: (stores: Stores) => Promise<void>) => void

/** Each test has a place of its own, so several may wait for the disk at once. */
export const TOGETHER = { concurrency: 4 }

export interface Stores {
  readonly store: AuthStore
  /** Another handle on the same data. */
  openAnother(): Promise<AuthStore>
  /** Closes every handle and opens a new one. */
  reopen(): Promise<AuthStore>
}

export const ORGANIZATION = { org_id: 'org_1', name: 'Acme' }
export const TRACK: Audience = {
  audience: 'https://api.example/track',
  scopes: ['asset:track:write', 'asset:track:read'],
  token_lifetime_seconds: 86_400,
  signing_alg: 'RS256',
}
export const ADMIN: Audience = {
  audience: 'https://api.example/admin',
  scopes: ['clients'],
  token_lifetime_seconds: 600,
  signing_alg: 'EdDSA',
}
export const CREATED_AT = '2026-01-02T03:04:05.678Z'

export function rowsOf(client_id: string, client: Partial<Client> = {}): NewClientRows {
  return {
    client: {
      client_id,
      name: `Client ${client_id}`,
      org_id: ORGANIZATION.org_id,
      environment: 'development',
      status: 'active',
      token_lifetime_seconds: null,
      created_at: CREATED_AT,
      ...client,
    },
    grants: [{ audience: TRACK.audience, scopes: ['asset:track:write'] }],
    secret: { secret_id: `secret_${client_id}`, digest: 'D'.repeat(43), created_at: CREATED_AT },
  }
}

export function keyOf(kid: string): SealedKey {
  const public_jwk = { kty: 'OKP', crv: 'Ed25519', x: 'abc', kid, alg: 'EdDSA', use: 'sig' }
  return { kid, alg: 'EdDSA', public_jwk, sealed: `sealed.${kid}`, created_at: CREATED_AT }
}

export const unchanged = (keys: readonly SealedKey[]): readonly SealedKey[] => keys

/** A store with an organization, one client and both audiences. */
export async function populate(store: AuthStore): Promise<void> {
  await store.ensureAudience(TRACK)
  await store.ensureAudience(ADMIN)
  assert.equal(await store.createFirst(ORGANIZATION, rowsOf('first')), true)
}

export async function allClients(store: AuthStore, limit: number): Promise<Client[]> {
  const clients: Client[] = []
  let after: string | null = null
  do {
    const page = await store.listClients({ after, limit })
    assert.ok(page.clients.length <= limit)
    assert.ok(page.clients.length > 0 || after === null, 'no page but the first is empty')
    clients.push(...page.clients)
    assert.ok(clients.length < 1000, 'the pages come to an end')
    after = page.next
  } while (after !== null)
  return clients
}

export const clientIds = async (store: AuthStore): Promise<string[]> =>
  (await allClients(store, 100)).map(({ client_id }) => client_id)
