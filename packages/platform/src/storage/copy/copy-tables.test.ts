import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../../testing/postgres.ts'
import { openDatabase } from '../open-sqlite.ts'
import { migratePostgres, openPostgres, type Postgres } from '../postgres/index.ts'
import type { TableSpec } from '../table-spec.ts'
import { copyTables, TargetNotEmpty } from './copy-tables.ts'
import { withPostgresTables } from './postgres-tables.ts'
import { withSqliteTables } from './sqlite-tables.ts'
import { type Cell, DatabaseInUse, type HeldDatabase, type MakeRoom } from './tables.ts'

const server = await startPostgres()
after(() => server.stop())

const THINGS: TableSpec = {
  name: 'things',
  columns: {
    id: 'bigint',
    name: 'text',
    given: 'name',
    size: 'double',
    notes: 'json',
    bytes: 'bytea',
  },
  identity: 'id',
}
const STATE: TableSpec = { name: 'state', columns: { value: 'bigint' }, singleton: true }
const TABLES = [THINGS, STATE]

const rowOf = (id: number): Cell[] => [
  id,
  ['plain', `"'\\{},NULL`, 'ünï 漢 😀\n\t', ' ', ''][id % 5] as string,
  ['a\0b', 'ü', ''][id % 3] as string,
  id % 3 === 0 ? null : id / 7,
  `{ "b": ${id},  "a": "\\u00e9\\\\" }`,
  id % 4 === 0 ? null : new Uint8Array([0, id % 256, 255, 92]),
]
const ROWS = Array.from({ length: 2500 }, (_, index) => rowOf(index + 1))

interface TestDatabase {
  /** Locks it as `miot copy` does. */
  hold<Result>(
    access: 'read' | 'write',
    work: (database: HeldDatabase) => Promise<Result>,
  ): Promise<Result>
  /** Opens it as a server would. */
  use(): Promise<{ close(): unknown }>
}

function sqliteDatabase(folder: string, name: string): TestDatabase {
  const path = join(folder, name)
  const database = openDatabase(path)
  database.exec(`
    CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
      given TEXT NOT NULL, size REAL, notes TEXT NOT NULL, bytes BLOB,
      letters INTEGER GENERATED ALWAYS AS (length(name)) VIRTUAL) STRICT;
    CREATE TABLE migrations (version INTEGER) STRICT;
    CREATE TABLE state (value INTEGER NOT NULL) STRICT; INSERT INTO state VALUES (0)`)
  database.close()
  return {
    hold: (access, work) => withSqliteTables(path, access, work),
    use: async () => {
      const used = openDatabase(path)
      used.exec('SELECT * FROM state')
      return used
    },
  }
}

async function postgresDatabase(): Promise<TestDatabase> {
  const url = await server.createDatabase()
  const postgres = openPostgres(url)
  await postgres.query(`
    CREATE SCHEMA copied;
    CREATE TABLE copied.things (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name TEXT NOT NULL, given BYTEA NOT NULL, size DOUBLE PRECISION, notes JSON NOT NULL, bytes BYTEA,
      letters INTEGER GENERATED ALWAYS AS (length(name)) STORED);
    CREATE TABLE copied.migrations (version INTEGER);
    CREATE TABLE copied.state (value BIGINT NOT NULL); INSERT INTO copied.state VALUES (0)`)
  await postgres.close()
  return {
    hold: (access, work) => withPostgresTables({ url, schema: 'copied' }, access, work),
    use: async () => {
      const used = openPostgres(url)
      await used.query('SELECT 1')
      return used
    },
  }
}

async function allRows(database: HeldDatabase, table: TableSpec): Promise<Cell[][]> {
  const rows: Cell[][] = []
  for await (const piece of database.rows(table, Object.keys(table.columns)[0])) {
    for (const row of piece)
      rows.push(row.map((cell) => (cell instanceof Uint8Array ? new Uint8Array(cell) : cell)))
  }
  return rows
}

const fill = (filled: TestDatabase): Promise<void> =>
  filled.hold('write', async (database) => {
    await database.insert(THINGS, ROWS)
    await database.clear(STATE)
    await database.insert(STATE, [[41]])
  })

const move = (from: TestDatabase, to: TestDatabase, tables = TABLES) =>
  from.hold('read', (source) => to.hold('write', (target) => copyTables(source, target, tables)))

const WAYS = {
  'SQLite to PostgreSQL': async (folder: string) => [
    sqliteDatabase(folder, 'a.db'),
    await postgresDatabase(),
  ],
  'PostgreSQL to SQLite': async (folder: string) => [
    await postgresDatabase(),
    sqliteDatabase(folder, 'a.db'),
  ],
  'SQLite to SQLite': async (folder: string) => [
    sqliteDatabase(folder, 'a.db'),
    sqliteDatabase(folder, 'b.db'),
  ],
} as const

for (const [way, build] of Object.entries(WAYS)) {
  describe(`a copy from ${way}`, () => {
    async function withDatabases(
      run: (from: TestDatabase, to: TestDatabase) => Promise<void>,
    ): Promise<void> {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const [from, to] = (await build(folder.path)) as [TestDatabase, TestDatabase]
      await fill(from)
      await run(from, to)
    }

    it('copies every row unchanged', () =>
      withDatabases(async (from, to) => {
        assert.deepEqual(await move(from, to), [
          { table: 'things', rows: ROWS.length },
          { table: 'state', rows: 1 },
        ])
        await to.hold('read', async (database) => {
          assert.deepEqual(await allRows(database, THINGS), ROWS)
          assert.deepEqual(await allRows(database, STATE), [[41]])
        })
      }))

    it('refuses a target with rows, and leaves it unchanged', () =>
      withDatabases(async (from, to) => {
        await to.hold('write', (database) => database.insert(THINGS, [rowOf(9)]))
        await assert.rejects(move(from, to), TargetNotEmpty)
        await to.hold('read', async (database) => {
          assert.deepEqual(await allRows(database, THINGS), [rowOf(9)])
          assert.deepEqual(await allRows(database, STATE), [[0]])
        })
      }))

    it('keeps nothing when it fails half way', () =>
      withDatabases(async (from, to) => {
        const fault = new Error('no more')
        const moving = from.hold('read', (source) =>
          to.hold('write', (target) =>
            copyTables(
              {
                ...source,
                rows: (table) => {
                  if (table === STATE) throw fault
                  return source.rows(table)
                },
              },
              target,
              TABLES,
            ),
          ),
        )
        await assert.rejects(moving, fault)
        await to.hold('read', async (database) => assert.equal(await database.count(THINGS), 0))
        await move(from, to)
      }))

    it('does not start with an incomplete list', () =>
      withDatabases(async (from, to) => {
        const { size: _, ...columns } = THINGS.columns
        for (const tables of [[THINGS], [{ ...THINGS, columns }, STATE]]) {
          await assert.rejects(move(from, to, tables), /^Error: the list of tables is/)
        }
      }))

    it('does not start while a server has either of them open', () =>
      withDatabases(async (from, to) => {
        for (const used of [from, to]) {
          const server = await used.use()
          await assert.rejects(move(from, to), DatabaseInUse)
          await server.close()
        }
        await move(from, to)
      }))

    it('detects a row that was changed on the way', () =>
      withDatabases(async (from, to) => {
        const moving = from.hold('read', (source) =>
          to.hold('write', (target) =>
            copyTables(
              source,
              {
                ...target,
                insert: (table, rows) =>
                  target.insert(
                    table,
                    rows.map((row) => (row[0] === 7 ? [7, 'another', ...row.slice(2)] : row)),
                  ),
              },
              TABLES,
            ),
          ),
        )
        await assert.rejects(moving, /things arrived with 2500 of 2500 rows, or with changed ones/)
        await to.hold('read', async (database) => assert.equal(await database.count(THINGS), 0))
      }))
  })
}

it('names the table of a text that PostgreSQL cannot keep, and keeps nothing', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const from = sqliteDatabase(folder.path, 'from.db')
  const to = await postgresDatabase()
  await from.hold('write', (database) =>
    database.insert(THINGS, [rowOf(1), [2, 'a\0b', ...rowOf(2).slice(2)]]),
  )
  await assert.rejects(move(from, to), { name: 'TextNotKept', message: 'things' })
  await to.hold('read', async (database) => assert.equal(await database.count(THINGS), 0))
})

it('a copy into PostgreSQL creates partitions, and skips derived tables', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const from = sqliteDatabase(folder.path, 'a.db')
  await fill(from)
  const url = await server.createDatabase()
  const postgres = openPostgres(url)
  await postgres.query(`CREATE SCHEMA copied;
    CREATE TABLE copied.state (value BIGINT NOT NULL) PARTITION BY LIST (value);
    CREATE TABLE copied.derived (a INTEGER); INSERT INTO copied.derived VALUES (1)`)
  await postgres.close()
  const makeRoom: MakeRoom = async (query, { name }, rows) => {
    for (const [value] of rows) {
      await query(
        `CREATE TABLE copied.${name}_${value} PARTITION OF copied.${name} FOR VALUES IN (${value})`,
      )
    }
  }
  const derived: TableSpec = { name: 'derived', columns: {}, derived: true }
  const things: TableSpec = { ...THINGS, derived: true }
  const copied = await from.hold('read', (source) =>
    withPostgresTables({ url, schema: 'copied', makeRoom }, 'write', (target) =>
      copyTables(source, target, [things, STATE, derived]),
    ),
  )
  assert.deepEqual(copied, [{ table: 'state', rows: 1 }])
})

it('after a copy PostgreSQL continues after the largest number', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
  const [from, to] = [sqliteDatabase(folder.path, 'a.db'), await postgresDatabase()]
  await fill(from)
  await move(from, to)
  const database = await to.use()
  const { rows } = await (database as Postgres).query(
    `INSERT INTO copied.things (name, given, notes) VALUES ('new', '', '{}') RETURNING id`,
  )
  assert.deepEqual(rows, [{ id: ROWS.length + 1 }])
  await database.close()
})

describe('a PostgreSQL database that is being copied', () => {
  for (const access of ['read', 'write'] as const) {
    it(`makes an instance that starts during the copy wait (${access})`, async () => {
      const url = await server.createDatabase()
      const order: string[] = []
      const instance = openPostgres(url, { applicationName: 'modulariot-auth' })
      let started: Promise<unknown> = Promise.resolve()
      const both = (work: () => Promise<void>) =>
        withPostgresTables({ url, schema: 'copied' }, access, () =>
          // As `miot copy` does for its two stores.
          withPostgresTables({ url, schema: 'copied' }, access, work),
        )
      await both(async () => {
        started = migratePostgres(instance, 'copied', []).then(() => order.push('started'))
        await sleep(500)
        order.push('copied')
      })
      await started
      await instance.close()
      assert.deepEqual(order, ['copied', 'started'])
    })
  }
})
