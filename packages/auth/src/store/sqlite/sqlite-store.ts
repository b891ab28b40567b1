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
  watchForDamage,
} from '@modulariot/platform/storage'
import type { AuthStore } from '../store.ts'
import { assertionStore } from './assertions.ts'
import { audienceStore } from './audiences.ts'
import { createChange } from './change-unit.ts'
import { ChangeWatch } from './changes.ts'
import { clientStore } from './clients.ts'
import { createConnection } from './connection.ts'
import { expiryStore } from './expiry.ts'
import { idempotentAnswers } from './idempotency.ts'
import { organizationStore } from './organizations.ts'
import { quotaStore } from './quotas.ts'
import { revocationStore } from './revocations.ts'
import { signingKeyStore } from './signing-keys.ts'
import { trailStore } from './trail.ts'
import { usageStore } from './usage.ts'

/** @throws Error when the file cannot be opened or its migrations do not fit this program. */
export function openSqliteAuthStore(path: string): AuthStore {
  const database = openDatabase(path)
  try {
    migrate(database, readMigrations(new URL('./migrations/', import.meta.url)))
    return watchForDamage(createStore(database), path)
  } catch (error) {
    database.close()
    throw error
  }
}

function createStore(database: DatabaseSync): AuthStore {
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
    ...signingKeyStore(sqlite, change),
    ...trailStore(sqlite, change),
    ...idempotentAnswers(sqlite),
    ...expiryStore(sqlite),
    onChange: (listener) => changes.subscribe(listener),
    silentForMs: () => changes.silentForMs(),
    ping: () => attempt(() => void sqlite.sql('SELECT value FROM revision').get()),
    close: async () => {
      changes.stop()
      database.close()
    },
  }
}
