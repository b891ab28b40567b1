/**
 * Kysely, which better-auth writes its SQL with, over the statements of our own store: our one
 * connection or pool, our time limits and our errors. There are no transactions (see the port).
 */

import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { AccountStatements } from '../store/ports/accounts.ts'

type Statements = AccountStatements['accounts']

const PARTS = {
  sqlite: {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
  },
  postgres: {
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
  },
} as const satisfies Record<Statements['dialect'], Omit<Dialect, 'createDriver'>>

/** The tables of better-auth. In PostgreSQL they are in the schema `auth`. */
export function accountsDatabase(statements: Statements): Kysely<unknown> {
  const { dialect } = statements
  const database = new Kysely<unknown>({
    dialect: { ...PARTS[dialect], createDriver: () => driverOver(statements) },
  })
  return dialect === 'postgres' ? database.withSchema('auth') : database
}

function driverOver({ run }: Statements): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      const { rows, count } = await run(sql, parameters)
      return { rows: rows as Row[], numAffectedRows: BigInt(count) }
    },
    streamQuery() {
      throw new Error('statements are not streamed')
    },
  }
  async function refuse(): Promise<never> {
    throw new Error('the accounts have no transactions')
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    releaseConnection: async () => {},
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: async () => {},
  }
}
