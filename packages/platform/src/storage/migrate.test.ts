import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { migrate } from './migrate.ts'
import { type Migration, readMigrations } from './migrations.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))

const ONE: Migration = { version: 1, name: 'one', sql: 'CREATE TABLE one (a INTEGER) STRICT' }
const TWO: Migration = { version: 2, name: 'two', sql: 'CREATE TABLE two (a INTEGER) STRICT' }
const BROKEN: Migration = {
  version: 2,
  name: 'broken',
  sql: 'CREATE TABLE half (a); INSERT INTO one VALUES (1); INSERT INTO nowhere VALUES (1)',
}

function tablesOf(database: DatabaseSync): unknown[] {
  return database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .all()
    .map(({ name }) => name)
}

function versionsOf(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT version FROM migrations ORDER BY version')
    .all()
    .map(({ version }) => version)
}

describe('migrate', () => {
  it('runs pending migrations, in order, and records them', () => {
    using database = new DatabaseSync(':memory:')
    migrate(database, [ONE])
    database.exec('INSERT INTO one VALUES (7)')
    migrate(database, [ONE, { ...TWO, sql: 'CREATE TABLE two AS SELECT a FROM one' }])
    assert.deepEqual(versionsOf(database), [1, 2])
    assert.equal(database.prepare('SELECT a FROM two').get()?.a, 7)
  })

  it('changes nothing when nothing is new', () => {
    using database = new DatabaseSync(':memory:')
    migrate(database, [ONE, TWO])
    const before = database.prepare('SELECT * FROM migrations').all()
    migrate(database, [ONE, TWO])
    assert.deepEqual(database.prepare('SELECT * FROM migrations').all(), before)
  })

  it('refuses a migration whose text has changed since it ran, and runs none of the later ones', () => {
    using database = new DatabaseSync(':memory:')
    migrate(database, [ONE])
    const edited = { ...ONE, sql: `${ONE.sql} -- edited` }
    assert.throws(() => migrate(database, [edited, TWO]), /migration 1 \(one\) has changed/)
    assert.deepEqual(tablesOf(database), ['migrations', 'one'])
  })

  it('refuses a database that a newer program has migrated', () => {
    using database = new DatabaseSync(':memory:')
    migrate(database, [ONE, TWO])
    assert.throws(() => migrate(database, [ONE]), /version 2, this program knows 1/)
  })

  it('keeps nothing of a failed migration, nor of those before it in the same run', () => {
    using database = new DatabaseSync(':memory:')
    assert.throws(() => migrate(database, [ONE, BROKEN]), /nowhere/)
    assert.deepEqual(tablesOf(database), [])
    migrate(database, [ONE, TWO])
    assert.deepEqual(versionsOf(database), [1, 2])
  })

  it('keeps what ran earlier when a later migration fails', () => {
    using database = new DatabaseSync(':memory:')
    migrate(database, [ONE])
    assert.throws(() => migrate(database, [ONE, BROKEN]), /nowhere/)
    assert.deepEqual(tablesOf(database), ['migrations', 'one'])
    assert.deepEqual(versionsOf(database), [1])
    assert.equal(database.prepare('SELECT count(*) AS rows FROM one').get()?.rows, 0)
  })

  it('lets processes that start together on a new file all succeed, and runs once', async () => {
    using folder = temporaryFolder()
    const processes = Array.from({ length: 3 }, startMigrator)
    try {
      await Promise.all(processes.map((one) => once(one, 'message')))
      // A failure here has only a small window: many rounds make it unlikely to be missed.
      for (let round = 0; round < 40; round++) {
        const path = join(folder.path, `${round}.db`)
        const answers = processes.map(async (one) => (await once(one, 'message'))[0] as unknown)
        for (const one of processes) one.send(path)
        assert.deepEqual(await Promise.all(answers), ['ok', 'ok', 'ok'])
        using database = new DatabaseSync(path)
        assert.deepEqual(versionsOf(database), [1])
      }
    } finally {
      for (const one of processes) one.kill()
    }
  })
})

/** A process that opens and migrates each path it is sent, and answers `ok` or the error. */
function startMigrator(): ChildProcess {
  const storage = JSON.stringify(new URL('./index.ts', import.meta.url))
  const program = `
    import { migrate, openDatabase } from ${storage}
    process.on('message', (path) => {
      try {
        const database = openDatabase(path)
        migrate(database, [${JSON.stringify(ONE)}])
        database.close()
        process.send('ok')
      } catch (error) {
        process.send(error.message)
      }
    })
    process.send('ready')`
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

describe('readMigrations', () => {
  it('reads the .sql files of a folder by their number', () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, '0002-second-step.sql'), 'SELECT 2')
    writeFileSync(join(folder.path, '0001-first-light.sql'), 'SELECT 1')
    writeFileSync(join(folder.path, 'README.md'), 'notes')
    assert.deepEqual(readMigrations(pathToFileURL(`${folder.path}/`)), [
      { version: 1, name: 'first-light', sql: 'SELECT 1' },
      { version: 2, name: 'second-step', sql: 'SELECT 2' },
    ])
  })

  it('refuses a gap and a number used twice', () => {
    for (const files of [
      ['0001-a.sql', '0003-c.sql'],
      ['0001-a.sql', '0001-b.sql'],
    ]) {
      using folder = temporaryFolder()
      for (const file of files) writeFileSync(join(folder.path, file), '')
      assert.throws(() => readMigrations(pathToFileURL(`${folder.path}/`)), /should have number 2/)
    }
  })
})
