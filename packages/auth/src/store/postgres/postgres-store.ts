/**
 * The store on PostgreSQL, for several instances at once.
 *
 * Changes are units of change-unit.ts, one after the other over all instances. Reads are single
 * statements (READ COMMITTED: each of one moment), and so is what every login counts.
 */

import {
  assertWritable,
  migratePostgres,
  openPostgres,
  type Postgres,
} from '@modulariot/platform/postgres'
import { type Migrated, readMigrations } from '@modulariot/platform/storage'
import type { Audience } from '../../records/audience.ts'
import type { Audited } from '../ports/audited-change.ts'
import { audienceOf, organizationOf } from '../rows.ts'
import type { AuthStore } from '../store.ts'
import { cutAudit } from './audit-writes.ts'
import { type ChangeUnit, changeUnit } from './change-unit.ts'
import {
  assertAuthority,
  createClients,
  findClient,
  searchClients,
  updateClient,
} from './clients.ts'
import { countingTables } from './quotas.ts'
import { revocationReads, revocationRefusal, revokeToken } from './revocations.ts'
import { createSemaphore } from './semaphore.ts'
import { readSigningKeys, updateSigningKeys } from './signing-keys.ts'
import { sweep } from './sweep.ts'
import { auditReads } from './trail.ts'
import { usageTables } from './usage.ts'
import { watchChanges } from './watch-changes.ts'

const SCHEMA = 'auth'
/** All wait for the same row; more of them would only keep connections from those who log in. */
const CHANGES_AT_A_TIME = 2
const CHANGE_TURN_MS = 3000
/** Thousands of them come at once. */
const CREATE_CLIENTS_TIMEOUT_MS = 15_000

/**
 * @param url `postgres://user:password@host:port/database`, with the parameters `pg` knows.
 * @throws StoreUnavailable; Error when the migrations do not fit this program.
 */
export async function openPostgresAuthStore(url: string): Promise<AuthStore> {
  const postgres = openPostgres(url, { applicationName: 'modulariot-auth' })
  try {
    await migrateSchema(postgres)
    return await createStore(postgres)
  } catch (error) {
    await postgres.close()
    throw error
  }
}

/** Brings the schema to the newest version, and does nothing else. */
export async function migratePostgresAuthStore(url: string): Promise<Migrated> {
  const postgres = openPostgres(url, { applicationName: 'modulariot-auth' })
  try {
    return await migrateSchema(postgres)
  } finally {
    await postgres.close()
  }
}

function migrateSchema(postgres: Postgres): Promise<Migrated> {
  return migratePostgres(
    postgres,
    SCHEMA,
    readMigrations(new URL('./migrations/', import.meta.url)),
  )
}

async function createStore(postgres: Postgres): Promise<AuthStore> {
  const changes = await watchChanges(postgres)
  const inTurn = createSemaphore(CHANGES_AT_A_TIME, CHANGE_TURN_MS)

  /** Our own listeners have been told by the time it resolves. */
  async function change<Result>(
    work: (unit: ChangeUnit) => Promise<Result>,
    timeoutMs?: number,
  ): Promise<Result> {
    const options = timeoutMs === undefined ? {} : { timeoutMs }
    const result = await inTurn(() => changeUnit(postgres, work, options))
    await changes.check()
    return result
  }

  return {
    ping: () => assertWritable(postgres),

    createFirst: (organization, client) =>
      change(async (unit) => {
        const { count } = await unit.query('SELECT 1 FROM auth.organizations LIMIT 1')
        if (count > 0) return false
        await insertOrganization(unit, organization)
        await createClients(unit, [client])
        return true
      }),
    createOrganization: (organization) => change((unit) => insertOrganization(unit, organization)),
    listOrganizations: async () => {
      const { rows } = await postgres.query(
        'SELECT org_id, name FROM auth.organizations ORDER BY org_id',
      )
      return rows.map(organizationOf)
    },

    createAudience: (audience) => change((unit) => insertAudience(unit, audience)),
    listAudiences: async () => {
      const { rows } = await postgres.query(
        `SELECT audience, scopes::text AS scopes, token_lifetime_seconds, signing_alg
         FROM auth.audiences ORDER BY audience`,
      )
      return rows.map(audienceOf)
    },

    createClients: (clients, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return createClients(unit, clients)
      }, CREATE_CLIENTS_TIMEOUT_MS),
    findClient: (client_id) => findClient(postgres, client_id),
    listClients: (query) => searchClients(postgres, query),
    updateClient: (client_id, update, authority) =>
      change(async (unit) => {
        await assertAuthority(unit.query, authority)
        return updateClient(unit, client_id, update)
      }),

    ...countingTables(postgres),
    ...revocationReads(postgres),
    revokeToken: async (token, maxLiving) =>
      (await revocationRefusal(postgres.query, token, maxLiving)) ??
      change((unit) => revokeToken(unit, token, maxLiving)),
    sweep: (nowSeconds, limit) => sweep(postgres, nowSeconds, limit),
    ...usageTables(postgres),

    listSigningKeys: () => readSigningKeys(postgres.query),
    updateSigningKeys: (update) => change((unit) => updateSigningKeys(unit, update)),

    recordAudit: (audit) => change((unit) => unit.audit([audit])),
    cutAudit: (cut) => change((unit) => cutAudit(unit, cut)),
    ...auditReads(postgres),

    onChange: changes.subscribe,
    silentForMs: changes.silentForMs,
    close: async () => {
      changes.stop()
      await postgres.close()
    },
  }
}

async function insertOrganization(
  unit: ChangeUnit,
  { value, audit, revoke }: Audited<{ readonly org_id: string; readonly name: string }>,
): Promise<void> {
  await unit.query('INSERT INTO auth.organizations (org_id, name) VALUES ($1, $2)', [
    value.org_id,
    value.name,
  ])
  unit.changed()
  await unit.audit([audit])
  await unit.revoke(revoke)
}

async function insertAudience(
  unit: ChangeUnit,
  { value, audit }: Audited<Audience>,
): Promise<boolean> {
  const { audience, scopes, token_lifetime_seconds, signing_alg } = value
  const { count } = await unit.query(
    `INSERT INTO auth.audiences (audience, scopes, token_lifetime_seconds, signing_alg)
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [audience, JSON.stringify(scopes), token_lifetime_seconds, signing_alg],
  )
  if (count === 0) return false
  unit.changed()
  unit.keysChanged()
  await unit.audit([audit])
  return true
}
