import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdtempDisposableSync,
  openSync,
  readdirSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { StoreDamaged } from '../errors.ts'
import { openDatabase } from '../open-sqlite.ts'
import { damageIn, databaseBytes, openCopy, versionOfCopy } from './copies.ts'
import { copyDatabases } from './copy-databases.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))
/** Of a kilobyte and a half: two or three to a page, more than one step in total. */
const ROWS = 10_000

function createSource(path: string, rows: number): DatabaseSync {
  const database = openDatabase(path)
  database.exec('CREATE TABLE notes (n INTEGER PRIMARY KEY, text TEXT) STRICT')
  const insert = database.prepare('INSERT INTO notes (text) VALUES (?)')
  database.exec('BEGIN')
  for (let row = 0; row < rows; row++) insert.run('x'.repeat(1500))
  database.exec('COMMIT')
  return database
}

function rowsOf(path: string): number {
  using database = openCopy(path)
  return database.prepare('SELECT count(*) AS rows FROM notes').get()?.rows as number
}

describe('copyDatabases', () => {
  it('ends while another connection commits at each step, and copies the first state', async () => {
    using folder = temporaryFolder()
    const [from, to] = ['a.db', 'copy.db'].map((name) => join(folder.path, name)) as [
      string,
      string,
    ]
    using source = createSource(from, ROWS)
    let steps = 0
    await copyDatabases([{ from, to }], () => {
      if (++steps > 50) throw new Error('the copy starts again after each commit')
      source.exec(`INSERT INTO notes (text) VALUES ('later')`)
    })
    assert.ok(steps > 1, `${steps} steps`)
    assert.equal(rowsOf(to), ROWS)
    assert.equal(damageIn(to, 'integrity_check'), null)
  })

  it('pins the states in the order given, before it copies anything', async () => {
    using folder = temporaryFolder()
    const [first, second] = ['first', 'second'].map((name) => join(folder.path, name)) as [
      string,
      string,
    ]
    using one = createSource(first, 1)
    using two = createSource(second, 1)
    const copyOf = (path: string) => ({ from: path, to: `${path}.copy` })
    function* copies() {
      yield copyOf(first)
      // As the server does: first what is referred to, then what refers to it.
      two.exec(`INSERT INTO notes (text) VALUES ('referred to')`)
      one.exec(`INSERT INTO notes (text) VALUES ('refers')`)
      yield copyOf(second)
      two.exec(`INSERT INTO notes (text) VALUES ('later')`)
    }
    await copyDatabases(copies())
    assert.deepEqual([rowsOf(`${first}.copy`), rowsOf(`${second}.copy`)], [1, 2])
  })

  it('writes a private file and nothing beside it, and never over another file', async () => {
    using folder = temporaryFolder()
    const from = join(folder.path, 'a.db')
    const to = join(folder.path, 'copy.db')
    using source = createSource(from, 1)
    await copyDatabases([{ from, to }])
    assert.equal(statSync(to).mode & 0o777, 0o600)
    assert.equal(versionOfCopy(to), 0)
    assert.equal(databaseBytes(from), statSync(to).size)
    assert.deepEqual(
      readdirSync(folder.path).filter((name) => name.startsWith('copy')),
      ['copy.db'],
    )
    await assert.rejects(copyDatabases([{ from, to }]), { code: 'EEXIST' })
    assert.equal(source.isOpen, true)
  })

  it('creates nothing for a source that is not a database', async () => {
    using folder = temporaryFolder()
    const from = join(folder.path, 'a.db')
    const file = openSync(from, 'w', 0o600)
    writeSync(file, 'no database at all, '.repeat(300))
    closeSync(file)
    const to = join(folder.path, 'copy.db')
    await assert.rejects(copyDatabases([{ from, to }]), StoreDamaged)
    assert.equal(existsSync(to), false)
  })
})

describe('damageIn', () => {
  it('finds a page that was overwritten', async () => {
    using folder = temporaryFolder()
    const from = join(folder.path, 'a.db')
    const to = join(folder.path, 'copy.db')
    using source = createSource(from, 50)
    await copyDatabases([{ from, to }])
    assert.equal(damageIn(to, 'quick_check'), null)
    const file = openSync(to, 'r+')
    writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, 2 * 4096)
    closeSync(file)
    for (const check of ['quick_check', 'integrity_check'] as const) {
      assert.equal(typeof damageIn(to, check), 'string', check)
    }
    assert.equal(source.isOpen, true)
  })
})
