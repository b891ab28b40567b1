/** Copies the two SQLite files of an installation. */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { headOfCopy, sealedKeysOfCopy } from '@modulariot/auth'
import { copyDatabases, damageIn, databaseBytes, versionOfCopy } from '@modulariot/platform/backup'
import { assertPrivateDatabase, StoreDamaged, StoreUnavailable } from '@modulariot/platform/storage'
import { sqliteFilesOf } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'
import { assertSpace } from './durable-files.ts'
import type { Progress } from './progress.ts'
import type { BackupSource } from './source.ts'

/**
 * Telemetry first: a report is stored after the organization and the client that it names, so every
 * copied report has its organization in the copy.
 */
const STORES = ['telemetry', 'auth'] as const
const FILES = { telemetry: 'telemetry.db', auth: 'auth.db' } as const

/** @throws CliError when there is no installation in the directory. */
export function sqliteSource(directory: string, show: Progress): BackupSource {
  const from = sqliteFilesOf(directory)
  for (const path of Object.values(from)) {
    if (!existsSync(path)) {
      throw new CliError(
        'not_found',
        `There is no installation in ${directory} (${path} is missing): set MIOT_DATA_DIR`,
      )
    }
    assertPrivateDatabase(path)
  }
  return {
    async copy(target) {
      const bytes = Object.values(from).reduce((sum, path) => sum + databaseBytes(path), 0)
      assertSpace(dirname(target), bytes)
      const to = (store: keyof typeof FILES) => join(target, FILES[store])
      await copyDatabases(
        STORES.map((store) => ({ from: from[store], to: to(store) })),
        show,
      ).catch((error: unknown) => {
        throw explain(error, target)
      })
      // Damage found now is found while older backups still exist.
      for (const store of STORES) {
        const damage = damageIn(to(store), 'quick_check')
        if (damage !== null) throw damaged(from[store], damage)
      }
      return {
        schemas: { auth: versionOfCopy(to('auth')), telemetry: versionOfCopy(to('telemetry')) },
        trail: headOfCopy(to('auth')),
        names: STORES.map((store) => FILES[store]),
        sealed: sealedKeysOfCopy(to('auth')),
      }
    },
  }
}

/** A full disk is that of the backup: the installation is only read. */
function explain(error: unknown, target: string): unknown {
  if (!(error instanceof StoreUnavailable) || error instanceof StoreDamaged) return error
  return new CliError(
    'failure',
    `The backup was not written to ${dirname(target)}, and nothing is left of it: ${error.message}`,
  )
}

function damaged(path: string, damage: string): CliError {
  return new CliError(
    'failure',
    `${path} is damaged (${damage}), so this backup was not kept: keep the earlier ones, and restore the newest`,
  )
}
