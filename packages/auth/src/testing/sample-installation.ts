/**
 * An installation for tests to administer: two organizations, an API, the admin API. Not for the
 * program.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AdminContext, systemContext } from '../admin/context.ts'
import { createAudience, createOrganization } from '../admin/installation.ts'
import { ADMIN_SCOPES, adminAudience } from '../admin/scopes.ts'
import type { Tenant } from '../records/client.ts'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import type { AuthStore } from '../store/store.ts'

export const API = 'https://api.example'
export const ADMIN = adminAudience('https://auth.example')

export interface Installation {
  readonly store: AuthStore
  /** Unix milliseconds; tests move it. */
  readonly clock: { now: number }
  /** Allowed everything, everywhere. */
  readonly operator: AdminContext
  readonly acme: Tenant
  /** The same environment of another organization, and the other environment of the same one. */
  readonly strangers: Readonly<Record<string, Tenant>>
  /** A client with a token for the admin API. */
  caller(tenant: Tenant, scopes?: readonly string[]): AdminContext
  close(): Promise<void>
}

export async function openInstallation(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const store = openSqliteAuthStore(join(folder, 'auth.db'))
  const clock = { now: Date.parse('2026-05-01T12:00:00Z') }
  const digestKey = new Uint8Array(32)
  const operator = systemContext({ store, digestKey, now: () => clock.now })
  const { org_id } = await createOrganization('Acme', operator)
  const globex = await createOrganization('Globex', operator)
  const rules = { token_lifetime_seconds: 3600, signing_alg: 'ES256', token_typ: 'at+jwt' } as const
  await createAudience({ audience: API, scopes: ['read', 'write'], ...rules }, operator)
  await createAudience({ audience: ADMIN, scopes: ADMIN_SCOPES, ...rules }, operator)
  return {
    store,
    clock,
    operator,
    acme: { org_id, environment: 'development' },
    strangers: {
      'another organization': { org_id: globex.org_id, environment: 'development' },
      'another environment': { org_id, environment: 'production' },
    },
    caller: (tenant, scopes = ADMIN_SCOPES) => ({
      ...operator,
      actor: { kind: 'client', client_id: 'client_caller' },
      tenant,
      address: '192.0.2.1',
      request_id: 'request_1',
      scopes,
      role: null,
    }),
    close: async () => {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
