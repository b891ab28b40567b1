import assert from 'node:assert/strict'
import { mkdtempDisposableSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { StoreConflict, StoreUnavailable } from './errors.ts'
import { attempt, translate } from './sqlite-errors.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))

/** The error that SQLite really throws. */
function thrownBy(work: () => unknown): Error & { errcode: number } {
  try {
    work()
  } catch (error) {
    return error as Error & { errcode: number }
  }
  throw new Error('nothing was thrown')
}

function assertUnavailable(error: Error & { errcode: number }, errcode: number): void {
  assert.equal(error.errcode, errcode)
  const translated = translate(error)
  assert.ok(translated instanceof StoreUnavailable)
  assert.equal(translated.cause, error)
  assert.equal(translated.message, error.message)
}

describe('translate', () => {
  it('calls a full disk unavailable', () => {
    using database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (a); PRAGMA max_page_count = 3')
    const fill = database.prepare('INSERT INTO t VALUES (zeroblob(100000))')
    assertUnavailable(
      thrownBy(() => fill.run()),
      13,
    )
  })

  it('calls a lock held too long by another unavailable', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using holder = new DatabaseSync(path)
    using waiter = new DatabaseSync(path, { timeout: 1 })
    holder.exec('BEGIN IMMEDIATE')
    assertUnavailable(
      thrownBy(() => waiter.exec('BEGIN IMMEDIATE')),
      5,
    )
  })

  it('calls a database that may not be written unavailable', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using writer = new DatabaseSync(path)
    writer.exec('CREATE TABLE t (a)')
    using reader = new DatabaseSync(path, { readOnly: true })
    assertUnavailable(
      thrownBy(() => reader.exec('INSERT INTO t VALUES (1)')),
      8,
    )
  })

  it('goes by the primary code of an extended one: a file moved away is unavailable', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using database = new DatabaseSync(path)
    database.exec('CREATE TABLE t (a)')
    renameSync(path, join(folder.path, 'moved.db'))
    assertUnavailable(
      thrownBy(() => database.exec('INSERT INTO t VALUES (1)')),
      1032, // SQLITE_READONLY_DBMOVED
    )
  })

  it('calls a file that cannot be opened unavailable', () => {
    using folder = temporaryFolder()
    assertUnavailable(
      thrownBy(() => new DatabaseSync(join(folder.path, 'missing', 'data.db'))),
      14,
    )
  })

  it('calls a taken key and a missing reference a conflict', () => {
    using database = new DatabaseSync(':memory:')
    database.exec(`
      CREATE TABLE parents (id TEXT PRIMARY KEY, name TEXT UNIQUE) STRICT;
      CREATE TABLE children (parent TEXT REFERENCES parents) STRICT;
      INSERT INTO parents VALUES ('a', 'Ada');
      PRAGMA foreign_keys = ON`)
    for (const statement of [
      `INSERT INTO parents VALUES ('a', 'Bob')`,
      `INSERT INTO parents VALUES ('b', 'Ada')`,
      `INSERT INTO children VALUES ('z')`,
    ]) {
      const error = thrownBy(() => database.exec(statement))
      const translated = translate(error)
      assert.ok(translated instanceof StoreConflict, statement)
      assert.equal(translated.cause, error)
    }
  })

  it('leaves the error of a mistake unchanged', () => {
    using database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (a INTEGER NOT NULL CHECK (a > 0)) STRICT')
    for (const statement of [
      'INSERT INTO t VALUES (NULL)',
      'INSERT INTO t VALUES (0)',
      `INSERT INTO t VALUES ('text')`,
      'SELEKT',
    ]) {
      const error = thrownBy(() => database.exec(statement))
      assert.equal(translate(error), error, statement)
    }
  })

  it('leaves every error not from SQLite unchanged', () => {
    const errors = [
      new TypeError('x'),
      Object.assign(new Error('x'), { errcode: '5' }),
      'text',
      null,
    ]
    for (const error of errors) assert.equal(translate(error), error)
  })
})

describe('attempt', () => {
  it('resolves with what the work returns', async () => {
    assert.equal(await attempt(() => 7), 7)
  })

  it('rejects with the translated error, and never throws at once', async () => {
    using database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1)')
    const promise = attempt(() => database.exec('INSERT INTO t VALUES (1)'))
    await assert.rejects(promise, StoreConflict)
  })
})
