/** Moving an installation's stores from one database to another, whole or not at all. */

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
  MakeRoom,
  ShowProgress,
  TablePlace,
} from '@modulariot/platform/copy'
import type { TableSpec } from '@modulariot/platform/storage'
import { type Database, nameOf, sqliteFilesOf } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'
import { openAuthStore, openTelemetryStore, type StoreName } from './open-stores.ts'

export interface MovedTable extends CopiedTable {
  readonly store: StoreName
}

interface MovingStore {
  readonly store: StoreName
  readonly tables: readonly TableSpec[]
  /** Makes it where there is none, and brings it to the newest version. */
  prepare(database: Database): Promise<{ close(): Promise<void> }>
  /** For rows that arrive in PostgreSQL. */
  makeRoom?(): Promise<MakeRoom>
  /** @throws CliError when what arrived cannot be right. */
  verify(target: TablePlace): Promise<void>
}

const STORES: readonly MovingStore[] = [
  { store: 'auth', tables: AUTH_TABLES, prepare: openAuthStore, verify: verifyArrivedTrail },
  {
    store: 'telemetry',
    tables: TELEMETRY_TABLES,
    prepare: openTelemetryStore,
    makeRoom: async () => (await import('@modulariot/api/postgres')).makeRoom,
    verify: async () => undefined,
  },
]

/**
 * @param show called as rows arrive.
 * @throws CliError when the source is missing, the target is not empty, or a server has either
 *   open.
 */
export async function moveStores(
  from: Database,
  to: Database,
  show: ShowProgress,
): Promise<MovedTable[]> {
  assertThere(from)
  if (nameOf(from) === nameOf(to)) throw new CliError('usage', 'Source and target are the same')
  for (const { prepare } of STORES) {
    for (const database of [from, to]) await (await prepare(database)).close()
  }
  /** One inside the other, so that none is kept unless all have arrived. */
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
  const { copyTables, PlaceInUse, TargetNotEmpty, TextNotKept } = await import(
    '@modulariot/platform/copy'
  )
  let held = from
  try {
    return await withTables(moving, from, 'read', (source) => {
      held = to
      return withTables(moving, to, 'write', async (target) => {
        const copied = await copyTables(source, target, tables, (name, done, total) =>
          show(`${store}.${name}`, done, total),
        )
        await verify(target)
        return [...copied.map((one) => ({ store, ...one })), ...(await moveRest())]
      })
    })
  } catch (error) {
    if (error instanceof PlaceInUse) {
      throw new CliError('failure', `${nameOf(held)} is in use: stop every miot serve on it first`)
    }
    if (error instanceof TextNotKept) {
      const where = `${store}.${error.message} contains text with the character U+0000`
      throw new CliError('failure', `${where}, which PostgreSQL cannot store; nothing was copied`)
    }
    if (error instanceof TargetNotEmpty) {
      const where = `${nameOf(to)} is not empty (${store}.${error.message})`
      throw new CliError('failure', `${where}: copy to a new database`)
    }
    throw error
  }
}

async function withTables<Result>(
  { store, makeRoom }: MovingStore,
  database: Database,
  access: 'read' | 'write',
  work: (place: TablePlace) => Promise<Result>,
): Promise<Result> {
  const { withPostgresTables, withSqliteTables } = await import('@modulariot/platform/copy')
  if (database.kind === 'sqlite') {
    return withSqliteTables(sqliteFilesOf(database.directory)[store], access, work)
  }
  const house = { url: database.url, schema: store, makeRoom: await makeRoom?.() }
  return withPostgresTables(house, access, work)
}

function assertThere(database: Database): void {
  if (database.kind === 'postgres') return
  const { auth } = sqliteFilesOf(database.directory)
  if (!existsSync(auth))
    throw new CliError('not_found', `No installation to copy: ${auth} is missing`)
}

/** The copy has no key to verify the base's signature with; `miot audit verify` has. */
async function verifyArrivedTrail(target: TablePlace): Promise<void> {
  const base = await arrivedBase(target)
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
 * Null where retention has cut nothing, and where the base is none: then the first row is missing.
 */
async function arrivedBase(target: TablePlace): Promise<AuditHead | null> {
  for await (const [row] of target.rows(authTable('audit_base'))) {
    try {
      if (row !== undefined) return decodeCheckpoint('base', row[1] as string)
    } catch (error) {
      if (!(error instanceof CheckpointRefused)) throw error
    }
  }
  return null
}

async function* auditRows(pieces: AsyncIterable<readonly CellRow[]>): AsyncGenerator<AuditRow> {
  for await (const piece of pieces) {
    for (const [seq, entry, hash] of piece) {
      yield { seq: seq as number, entry: entry as string, hash: hash as string }
    }
  }
}
