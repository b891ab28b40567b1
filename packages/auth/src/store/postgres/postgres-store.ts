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
  type PostgresOptions,
  trialWrite,
} from '@modulariot/platform/postgres'
import {
  type Migrated,
  readMigrations,
  type Writability,
  watchWrites,
} from '@modulariot/platform/storage'
import type { AuthStore } from '../store.ts'
import { accountStatements } from './accounts.ts'
import { activityStore } from './activity.ts'
import { assertionStore } from './assertions.ts'
import { audienceStore } from './audiences.ts'
import { createChange } from './change-unit.ts'
import { ChangeWatch } from './changes.ts'
import { clientStore } from './clients.ts'
import { expiryStore } from './expiry.ts'
import { idempotentAnswers } from './idempotency.ts'
import { instanceStore } from './instances.ts'
import { invitationStore } from './invitations.ts'
import { memberStore } from './members.ts'
import { organizationStore } from './organizations.ts'
import { quotaStore } from './quotas.ts'
import { revocationStore } from './revocations.ts'
import { secretMoveStore } from './secret-moves.ts'
import { signingKeyStore } from './signing-keys.ts'
import { trailStore } from './trail.ts'
import { usageStore } from './usage.ts'

export { headInSnapshot, sealedKeysInSnapshot } from './head-in-snapshot.ts'

const SCHEMA = 'auth'
const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** The version that this program migrates a database to. */
export function postgresAuthVersion(): number {
  return readMigrations(MIGRATIONS).length
}

/**
 * @param url `postgres://user:password@host:port/database`, with the parameters of
 *   `parsePostgresUrl`.
 * @throws StoreUnavailable; Error when the migrations do not fit this program.
 */
export async function openPostgresAuthStore(
  url: string,
  options: Pick<PostgresOptions, 'maxConnections'> = {},
): Promise<AuthStore> {
  const postgres = openPostgres(url, { applicationName: 'modulariot-auth', ...options })
  try {
    await migrateSchema(postgres)
    return watchWrites(await createStore(postgres), {
      write: () => trialWrite(postgres, SCHEMA),
      everyMs: null,
    })
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
  return migratePostgres(postgres, SCHEMA, readMigrations(MIGRATIONS))
}

async function createStore(postgres: Postgres): Promise<Omit<AuthStore, keyof Writability>> {
  const changes = await ChangeWatch.open(postgres)
  const change = createChange(postgres, () => changes.check())
  return {
    ...organizationStore(postgres, change),
    ...audienceStore(postgres, change),
    ...clientStore(postgres, change),
    ...assertionStore(postgres),
    ...quotaStore(postgres),
    ...revocationStore(postgres, change),
    ...usageStore(postgres),
    ...instanceStore(postgres, change),
    ...secretMoveStore(change),
    ...signingKeyStore(postgres, change),
    ...trailStore(postgres, change),
    ...idempotentAnswers(postgres),
    ...expiryStore(postgres),
    ...accountStatements(postgres),
    ...activityStore(postgres),
    ...memberStore(postgres, change),
    ...invitationStore(postgres, change),
    onChange: (listener) => changes.subscribe(listener),
    silentForMs: () => changes.silentForMs(),
    ping: () => assertWritable(postgres),
    close: async () => {
      changes.stop()
      await postgres.close()
    },
  }
}
