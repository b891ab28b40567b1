import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempDisposableSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { openDatabase } from './open-sqlite.ts'

const skip = process.platform === 'win32' && 'Windows has neither mode bits nor user ids'
const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe('openDatabase', () => {
  it('creates a folder and files that only their owner can read', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'new', 'data.db')
    using database = openDatabase(path)
    database.exec('CREATE TABLE t (a)')
    assert.equal(modeOf(dirname(path)), '700')
    assert.deepEqual(readdirSync(dirname(path)).sort(), ['data.db', 'data.db-shm', 'data.db-wal'])
    for (const file of readdirSync(dirname(path))) {
      assert.equal(modeOf(join(dirname(path), file)), '600', file)
    }
  })

  it('writes ahead, waits for the disk, waits for locks and checks foreign keys', () => {
    using folder = temporaryFolder()
    using database = openDatabase(join(folder.path, 'data.db'))
    const pragma = (name: string): unknown =>
      Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    assert.equal(pragma('journal_mode'), 'wal')
    assert.equal(pragma('synchronous'), 2, 'FULL')
    assert.equal(pragma('foreign_keys'), 1)
    assert.equal(pragma('busy_timeout'), 5000)
  })

  it('refuses files that others could have planted beside it', { skip }, () => {
    for (const ending of ['', '-wal', '-shm', '-journal']) {
      using folder = temporaryFolder()
      const path = join(folder.path, 'data.db')
      symlinkSync(join(folder.path, 'planted'), path + ending)
      assert.throws(() => openDatabase(path), /is a symbolic link/, ending)
      assert.deepEqual(readdirSync(folder.path), [`data.db${ending}`])
    }
  })

  it('refuses a directory that others can write to', { skip }, () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o777)
    assert.throws(() => openDatabase(join(folder.path, 'data.db')), /chmod 700/)
    assert.deepEqual(readdirSync(folder.path), [])
  })

  it('opens an existing file without emptying it', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    const first = openDatabase(path)
    first.exec('CREATE TABLE t (a); INSERT INTO t VALUES (7)')
    first.close()
    using second = openDatabase(path)
    assert.equal(second.prepare('SELECT a FROM t').get()?.a, 7)
  })

  it('keeps the locks of this process’s other connections', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using first = openDatabase(path)
    first.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)')
    using _second = openDatabase(path)
    assert.equal(seize(path), 'database is locked')
  })
})

/** The error of another process that opens the file exclusively. */
function seize(path: string): string {
  const program = `
    const { DatabaseSync } = require('node:sqlite')
    const database = new DatabaseSync(process.argv[1], { timeout: 1 })
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT a FROM t')
      process.stdout.write('it is yours')
    } catch (error) {
      process.stdout.write(error.message)
    }`
  return execFileSync(process.execPath, ['-e', program, path], { encoding: 'utf8' })
}
