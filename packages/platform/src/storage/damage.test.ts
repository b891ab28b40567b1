import assert from 'node:assert/strict'
import {
  closeSync,
  mkdtempDisposableSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { openSoundly, watchForDamage } from './damage.ts'
import { StoreDamaged } from './errors.ts'
import { appliedVersion, migrate } from './migrate.ts'
import { openDatabase } from './open-sqlite.ts'
import { attempt } from './sqlite-errors.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))
const MIGRATIONS = [
  { version: 1, name: 'first', sql: 'CREATE TABLE t (a); CREATE INDEX by_a ON t (a)' },
]

/** Writes a text file, longer than SQLite's header, where the database should be. */
function writeForeign(path: string): void {
  writeFileSync(path, 'not a database, '.repeat(1000), { mode: 0o600 })
}

function assertNamed(path: string, work: () => unknown): void {
  assert.throws(work, (error: Error) => {
    assert.ok(error instanceof StoreDamaged)
    assert.equal(error.file, 'data.db')
    assert.ok(error.message.startsWith(`${path} is damaged, or is not a database of ModularIoT`))
    return true
  })
}

/** A store on a file whose pages are all in the file itself. */
function openStore(path: string) {
  const first = openDatabase(path)
  migrate(first, MIGRATIONS)
  const insert = first.prepare('INSERT INTO t VALUES (?)')
  for (let row = 0; row < 2000; row++) insert.run(`${row} ${'x'.repeat(50)}`)
  first.close()
  const database = openDatabase(path)
  migrate(database, MIGRATIONS)
  return watchForDamage(
    {
      ping: async () => {},
      count: () => attempt(() => database.prepare('SELECT a FROM t').all().length),
      name: () => 'data',
      close: () => database.close(),
    },
    path,
  )
}

/** Overwrites the first page of a table. */
function damageRootOf(table: string, path: string): void {
  const database = new DatabaseSync(path)
  const read = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?')
  const { rootpage } = read.get(table) as { rootpage: number }
  database.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, (rootpage - 1) * 4096)
  closeSync(file)
}

describe('a file that is not a SQLite database', () => {
  it('is named when it is opened, and by the version', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    writeForeign(path)
    assertNamed(path, () => openDatabase(path))
    assertNamed(path, () => appliedVersion(path))
  })
})

describe('a database of another program', () => {
  it('is refused by name, and stays as it was', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using database = openDatabase(path)
    database.exec('CREATE TABLE bookmarks (url)')
    assert.throws(
      () => migrate(database, MIGRATIONS),
      new RegExp(`^Error: ${path} is a database of`),
    )
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['bookmarks'],
    )
  })
})

describe('a store whose file', () => {
  it('is sound answers the ping', async () => {
    using folder = temporaryFolder()
    const store = openStore(join(folder.path, 'data.db'))
    await store.ping()
    assert.equal(await store.count(), 2000)
    assert.equal(store.name(), 'data')
    store.close()
  })

  it('is overwritten fails the ping, though everything is in memory', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    const store = openStore(path)
    assert.equal(await store.count(), 2000)
    writeForeign(path)
    await assert.rejects(store.ping(), StoreDamaged)
    store.close()
  })

  it('is replaced by another program’s fails the ping', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    const store = openStore(path)
    const other = join(folder.path, 'other.db')
    new DatabaseSync(other).exec('CREATE TABLE bookmarks (url)')
    renameSync(other, path)
    await assert.rejects(store.ping(), StoreDamaged)
    store.close()
  })

  it('is damaged in the middle fails the ping once a method has met the damage', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    openStore(path).close()
    damageRootOf('t', path)
    const database = openDatabase(path)
    const store = watchForDamage(
      {
        ping: async () => {},
        count: () => attempt(() => database.prepare('SELECT a FROM t').all().length),
      },
      path,
    )
    await store.ping()
    await assert.rejects(store.count(), StoreDamaged)
    await assert.rejects(store.ping(), (error: Error) => error.message.includes(path))
    database.close()
  })
})

describe('openSoundly', () => {
  it('rethrows every other error unchanged', () => {
    const fault = new Error('other')
    assert.throws(
      () =>
        openSoundly('x', () => {
          throw fault
        }),
      fault,
    )
  })
})
