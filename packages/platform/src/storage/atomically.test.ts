import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { atomically } from './atomically.ts'

function openNumbers(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE numbers (value INTEGER PRIMARY KEY) STRICT')
  return database
}

function add(database: DatabaseSync, value: number): void {
  database.prepare('INSERT INTO numbers VALUES (?)').run(value)
}

function numbers(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT value FROM numbers ORDER BY value')
    .all()
    .map(({ value }) => value)
}

describe('atomically', () => {
  it('commits all of the work and returns its result', () => {
    using database = openNumbers()
    const result = atomically(database, () => {
      add(database, 1)
      add(database, 2)
      return 'done'
    })
    assert.equal(result, 'done')
    assert.deepEqual(numbers(database), [1, 2])
    assert.equal(database.isTransaction, false)
  })

  it('keeps nothing when the work throws half way, and the next work succeeds', () => {
    using database = openNumbers()
    const fault = new Error('half way')
    const work = (): void => {
      add(database, 1)
      throw fault
    }
    assert.throws(() => atomically(database, work), fault)
    assert.deepEqual(numbers(database), [])
    atomically(database, () => add(database, 2))
    assert.deepEqual(numbers(database), [2])
  })

  it('reports the cause, not a second rollback, when SQLite has rolled back by itself', () => {
    using database = openNumbers()
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON numbers
      BEGIN SELECT RAISE(ROLLBACK, 'the cause'); END`)
    assert.throws(() => atomically(database, () => add(database, 1)), /^Error: the cause$/)
    assert.equal(database.isTransaction, false)
  })

  it('takes the write lock before the work begins, so that what the work reads stays true', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'data.db')
    using database = new DatabaseSync(path)
    using other = new DatabaseSync(path, { timeout: 1 })
    atomically(database, () => {
      assert.throws(() => other.exec('BEGIN IMMEDIATE'), /locked/)
    })
    other.exec('BEGIN IMMEDIATE')
  })
})
