import assert from 'node:assert/strict'
import { chmodSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { StoreUnavailable, StoreUnwritable } from './errors.ts'
import { openDatabase } from './open-sqlite.ts'
import { attempt } from './sqlite-errors.ts'
import { refusesWrites, trialWrite, watchWrites } from './write-faults.ts'

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'miot-'))

/** A database that is full, as on a full disk: SQLITE_FULL. */
function fullDatabase(path: string): DatabaseSync {
  const database = openDatabase(path)
  database.exec('CREATE TABLE t (a)')
  database.exec('PRAGMA max_page_count = 2')
  return database
}

const insert = (database: DatabaseSync) => () =>
  attempt(() => void database.exec('INSERT INTO t VALUES (zeroblob(100000))'))

describe('refusesWrites', () => {
  it('is true for SQLite on a full disk, and for PostgreSQL, also below a StoreUnavailable', async () => {
    using folder = temporaryFolder()
    const database = fullDatabase(join(folder.path, 'data.db'))
    const error = await insert(database)().catch((fault: unknown) => fault)
    assert.ok(error instanceof StoreUnavailable)
    assert.equal(refusesWrites(error), true)
    database.close()
    const full = Object.assign(new Error('no space'), { code: '53100' })
    assert.equal(refusesWrites(new StoreUnavailable('PostgreSQL', { cause: full })), true)
  })

  it('is false for a store that is busy or cannot be reached', () => {
    const busy = Object.assign(new Error('database is locked'), { errcode: 5 })
    const gone = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    for (const cause of [busy, gone, undefined]) {
      assert.equal(refusesWrites(new StoreUnavailable('x', { cause })), false)
    }
  })
})

describe('a watched store', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }))
  afterEach(() => mock.timers.reset())

  /** A store whose trial fails while `isFull`. */
  function watched(database: DatabaseSync, everyMs: number | null) {
    const state = { isFull: true, trials: 0 }
    const write = async () => {
      state.trials++
      if (state.isFull) throw Object.assign(new Error('disk is full'), { errcode: 13 })
    }
    const store = {
      ping: async () => {},
      insert: insert(database),
      close: async () => database.close(),
    }
    return { state, store: watchWrites(store, { write, everyMs }) }
  }

  it('fails the ping from the first refused write until a trial succeeds', async () => {
    using folder = temporaryFolder()
    const { state, store } = watched(fullDatabase(join(folder.path, 'data.db')), null)
    await store.ping()
    assert.equal(store.isWritable(), true)
    await assert.rejects(store.insert(), StoreUnavailable)
    assert.equal(store.isWritable(), false)
    await assert.rejects(store.ping(), (error: Error) => {
      assert.ok(error instanceof StoreUnwritable)
      assert.match(error.message, /accepts no writes \(database or disk is full\): free space/)
      return true
    })
    mock.timers.tick(1000)
    await new Promise(setImmediate)
    await assert.rejects(store.ping(), StoreUnwritable)
    state.isFull = false
    mock.timers.tick(1000)
    await new Promise(setImmediate)
    await store.ping()
    assert.equal(store.isWritable(), true)
    assert.equal(state.trials, 2)
    mock.timers.tick(10_000)
    assert.equal(state.trials, 2, 'no more trials once it writes')
    await store.close()
  })

  it('tries a write when it is pinged, but not for each ping', async () => {
    using folder = temporaryFolder()
    const { state, store } = watched(fullDatabase(join(folder.path, 'data.db')), 60_000)
    state.isFull = false
    await store.ping()
    await Promise.all([store.ping(), store.ping()])
    assert.equal(state.trials, 1)
    await store.close()
  })

  it('is found full by the ping alone, and its timer ends with it', async () => {
    using folder = temporaryFolder()
    const { state, store } = watched(fullDatabase(join(folder.path, 'data.db')), 0)
    await assert.rejects(store.ping(), StoreUnwritable)
    await store.close()
    mock.timers.tick(10_000)
    assert.equal(state.trials, 1)
  })
})

describe('trialWrite', () => {
  it('writes to the disk, changes nothing, and passes while another connection writes', () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    using database = openDatabase(path)
    database.exec('PRAGMA user_version = 7')
    const version = database.prepare('PRAGMA data_version')
    const before = version.get()
    trialWrite(path)
    assert.notDeepEqual(version.get(), before, 'something was committed')
    assert.deepEqual({ ...database.prepare('PRAGMA user_version').get() }, { user_version: 7 })
    database.exec('BEGIN IMMEDIATE')
    trialWrite(path)
    database.exec('ROLLBACK')
  })

  it('fails for a file that cannot be written', { skip: process.geteuid?.() === 0 }, () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'data.db')
    openDatabase(path).close()
    chmodSync(path, 0o400)
    assert.throws(() => trialWrite(path), refusesWrites)
  })
})
