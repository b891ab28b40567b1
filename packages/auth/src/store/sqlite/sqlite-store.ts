/**
 * The store on one SQLite file.
 *
 * `node:sqlite` is synchronous, which makes each method atomic: no other code runs between its
 * first statement and its last.
 */

import type { DatabaseSync } from 'node:sqlite'
import {
  attempt,
  migrate,
  openDatabase,
  readMigrations,
  trialWrite,
  type Writability,
  watchForDamage,
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
import { createConnection } from './connection.ts'
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

/** The version that this program migrates a database to. */
export function sqliteAuthVersion(): number {
  return readMigrations(MIGRATIONS).length
}

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** Often enough for a balancer, and one write to the disk each. */
const TRIAL_EVERY_MS = 5000

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteAuthStore(path: string): AuthStore {
  const database = openDatabase(path)
  try {
    migrate(database, readMigrations(MIGRATIONS))
    return watchWrites(watchForDamage(createStore(database), path), {
      write: () => attempt(() => trialWrite(path)),
      everyMs: TRIAL_EVERY_MS,
    })
  } catch (error) {
    database.close()
    throw error
  }
}

function createStore(database: DatabaseSync): Omit<AuthStore, keyof Writability> {
  const sqlite = createConnection(database)
  const changes = new ChangeWatch(sqlite)
  const change = createChange(sqlite, () => changes.check())
  return {
    ...organizationStore(sqlite, change),
    ...audienceStore(sqlite, change),
    ...clientStore(sqlite, change),
    ...assertionStore(sqlite),
    ...quotaStore(sqlite),
    ...revocationStore(sqlite, change),
    ...usageStore(sqlite),
    ...instanceStore(sqlite),
    ...secretMoveStore(sqlite, change),
    ...signingKeyStore(sqlite, change),
    ...trailStore(sqlite, change),
    ...idempotentAnswers(sqlite),
    ...expiryStore(sqlite),
    ...accountStatements(sqlite),
    ...activityStore(sqlite),
    ...memberStore(sqlite, change),
    ...invitationStore(sqlite, change),
    onChange: (listener) => changes.subscribe(listener),
    silentForMs: () => changes.silentForMs(),
    ping: () => attempt(() => void sqlite.sql('SELECT value FROM revision').get()),
    close: async () => {
      changes.stop()
      database.close()
    },
  }
}
