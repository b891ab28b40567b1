/** Copies an installation's stores from one database to another, all or nothing. */

import { existsSync } from 'node:fs'
import { TELEMETRY_TABLES } from '@modulariot/api'
import {
  AUTH_TABLES,
  type AuditHead,
  type AuditRow,
  type AuditVerdict,
  CheckpointRefused,
  decodeCheckpoint,
  verifyTrail,
} from '@modulariot/auth'
import type {
  CellRow,
  CopiedTable,
  HeldDatabase,
  MakeRoom,
  ShowProgress,
} from '@modulariot/platform/copy'
import type { TableSpec } from '@modulariot/platform/storage'
import { type Database, displayName, sqliteFilesOf } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'
import { openAuthStore, openTelemetryStore, type StoreName } from './open-stores.ts'

export interface MovedTable extends CopiedTable {
  readonly store: StoreName
}

interface MovingStore {
  readonly store: StoreName
  readonly tables: readonly TableSpec[]
  /** Creates the store when it is missing, and migrates it to the newest version. */
  prepare(database: Database): Promise<{ close(): Promise<void> }>
  /** PostgreSQL only: prepares the target for incoming rows. */
  makeRoom?(): Promise<MakeRoom>
  /** @throws CliError when the copied rows are inconsistent. */
  verify(target: HeldDatabase): Promise<void>
}

const STORES: readonly MovingStore[] = [
  { store: 'auth', tables: AUTH_TABLES, prepare: openAuthStore, verify: verifyCopiedTrail },
  {
    store: 'telemetry',
    tables: TELEMETRY_TABLES,
    prepare: openTelemetryStore,
    makeRoom: async () => (await import('@modulariot/api/postgres')).makeRoom,
    verify: async () => undefined,
  },
]

/**
 * @param show reports progress.
 * @throws CliError when the source is missing, the target is not empty, or a server is using
 *   either.
 */
export async function moveStores(
  from: Database,
  to: Database,
  show: ShowProgress,
): Promise<MovedTable[]> {
  assertExists(from)
  if (displayName(from) === displayName(to))
    throw new CliError('usage', 'Source and target are the same')
  for (const { prepare } of STORES) {
    for (const database of [from, to]) await (await prepare(database)).close()
  }
  /** Nested, so that every transaction commits only after all stores have been copied. */
  async function moveAll([moving, ...rest]: readonly MovingStore[]): Promise<MovedTable[]> {
    return moving === undefined ? [] : copyStore(moving, { from, to, show }, () => moveAll(rest))
  }
  return moveAll(STORES)
}

interface Move {
  readonly from: Database
  readonly to: Database
  readonly show: ShowProgress
}

async function copyStore(
  moving: MovingStore,
  { from, to, show }: Move,
  moveRest: () => Promise<MovedTable[]>,
): Promise<MovedTable[]> {
  const { store, tables, verify } = moving
  const { copyTables, DatabaseInUse, TargetNotEmpty, TextNotKept } = await import(
    '@modulariot/platform/copy'
  )
  let locking = from
  try {
    return await withTables(moving, from, 'read', (source) => {
      locking = to
      return withTables(moving, to, 'write', async (target) => {
        const copied = await copyTables(source, target, tables, (name, done, total) =>
          show(`${store}.${name}`, done, total),
        )
        await verify(target)
        return [...copied.map((table) => ({ store, ...table })), ...(await moveRest())]
      })
    })
  } catch (error) {
    if (error instanceof DatabaseInUse) {
      throw new CliError(
        'failure',
        `${displayName(locking)} is in use: stop every miot serve on it first`,
      )
    }
    if (error instanceof TextNotKept) {
      const where = `${store}.${error.message} contains text with the character U+0000`
      throw new CliError('failure', `${where}, which PostgreSQL cannot store; nothing was copied`)
    }
    if (error instanceof TargetNotEmpty) {
      const where = `${displayName(to)} is not empty (${store}.${error.message})`
      throw new CliError('failure', `${where}: copy to a new database`)
    }
    throw error
  }
}

async function withTables<Result>(
  { store, makeRoom }: MovingStore,
  database: Database,
  access: 'read' | 'write',
  work: (place: HeldDatabase) => Promise<Result>,
): Promise<Result> {
  const { withPostgresTables, withSqliteTables } = await import('@modulariot/platform/copy')
  if (database.kind === 'sqlite') {
    return withSqliteTables(sqliteFilesOf(database.directory)[store], access, work)
  }
  const target = { url: database.url, schema: store, makeRoom: await makeRoom?.() }
  return withPostgresTables(target, access, work)
}

function assertExists(database: Database): void {
  if (database.kind === 'postgres') return
  const { auth } = sqliteFilesOf(database.directory)
  if (!existsSync(auth))
    throw new CliError('not_found', `No installation to copy: ${auth} is missing`)
}

/** Checks the hash chain only: the signature needs the encryption key, see `miot audit verify`. */
async function verifyCopiedTrail(target: HeldDatabase): Promise<void> {
  const base = await copiedBase(target)
  const rows = auditRows(target.rows(authTable('audit'), 'seq'))
  const verdict: AuditVerdict = await verifyTrail(rows, { base })
  if (verdict.ok) return
  throw new CliError(
    'failure',
    `The copied audit trail is broken (${verdict.why}), so nothing was kept: run miot audit verify on the source`,
  )
}

function authTable(name: string): TableSpec {
  return AUTH_TABLES.find((table) => table.name === name) as TableSpec
}

/**
 * The checkpoint that replaces rows removed by retention. Null without one; also when it cannot be
 * read, in which case verification reports the missing rows.
 */
async function copiedBase(target: HeldDatabase): Promise<AuditHead | null> {
  for await (const [row] of target.rows(authTable('audit_base'))) {
    try {
      if (row !== undefined) return decodeCheckpoint('base', row[1] as string)
    } catch (error) {
      if (!(error instanceof CheckpointRefused)) throw error
    }
  }
  return null
}

async function* auditRows(chunks: AsyncIterable<readonly CellRow[]>): AsyncGenerator<AuditRow> {
  for await (const chunk of chunks) {
    for (const [seq, entry, hash] of chunk) {
      yield { seq: seq as number, entry: entry as string, hash: hash as string }
    }
  }
}
