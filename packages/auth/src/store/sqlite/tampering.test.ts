/** Somebody edits the file behind our back: the trail says where. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { type AuditRow, GENESIS_HASH, hashOf } from '../../audit/entry.ts'
import { type AuditHead, type AuditVerdict, verifyTrail } from '../../audit/verify.ts'
import { newClient, populate } from '../conformance/samples.ts'
import type { AuthStore } from '../store.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

async function* rowsOf(store: AuthStore): AsyncGenerator<AuditRow> {
  let after = 0
  for (;;) {
    const page = await store.readAudit({ after, limit: 2 })
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = last.seq
  }
}

const EDIT = `UPDATE audit SET entry = replace(entry, '"name":"ops"', '"name":"eve"')`

/** Makes room for a row at `seq`, or closes the gap there. */
function shift(database: DatabaseSync, seq: number, by: 1 | -1): void {
  database.exec(`UPDATE audit SET seq = -(seq + ${by}) WHERE seq >= ${seq}`)
  database.exec('UPDATE audit SET seq = -seq WHERE seq < 0')
}

/** Hashes the chain anew from this row on, as one who knows how it is made. */
function rehash(database: DatabaseSync, from: number): void {
  const rows = database.prepare('SELECT seq, entry, hash FROM audit ORDER BY seq').all()
  const update = database.prepare('UPDATE audit SET hash = ? WHERE seq = ?')
  let previous = GENESIS_HASH
  for (const { seq, entry, hash } of rows as unknown as AuditRow[]) {
    previous = seq < from ? hash : hashOf(previous, entry)
    update.run(previous, seq)
  }
}

/** On a trail of six rows: what is done, and the row that is named, without and with a saved head. */
const CRIMES: Record<string, [(database: DatabaseSync) => void, number | null, number | null]> = {
  nothing: [() => {}, null, null],
  'a row changed': [(database) => database.exec(`${EDIT} WHERE seq = 3`), 3, 3],
  'the first row changed': [(database) => database.exec(`${EDIT} WHERE seq = 1`), 1, 1],
  'the newest row changed': [(database) => database.exec(`${EDIT} WHERE seq = 6`), 6, 6],
  'two rows changed': [(database) => database.exec(`${EDIT} WHERE seq IN (5, 2)`), 2, 2],
  'a space added': [
    (database) => database.exec(`UPDATE audit SET entry = entry || ' ' WHERE seq = 3`),
    3,
    3,
  ],
  'a hash changed': [
    (database) => database.exec(`UPDATE audit SET hash = '${GENESIS_HASH}' WHERE seq = 4`),
    4,
    4,
  ],
  'a row changed and hashed anew': [
    (database) => {
      database.exec(`${EDIT} WHERE seq = 3`)
      const entries = database.prepare('SELECT entry, hash FROM audit WHERE seq IN (2, 3)').all()
      const [before, changed] = entries as unknown as [AuditRow, AuditRow]
      const hash = hashOf(before.hash, changed.entry)
      database.prepare('UPDATE audit SET hash = ? WHERE seq = 3').run(hash)
    },
    4,
    4,
  ],
  'a row removed': [(database) => database.exec('DELETE FROM audit WHERE seq = 3'), 3, 3],
  'the first row removed': [(database) => database.exec('DELETE FROM audit WHERE seq = 1'), 1, 1],
  'a row removed and the gap closed': [
    (database) => {
      database.exec('DELETE FROM audit WHERE seq = 3')
      shift(database, 4, -1)
    },
    3,
    3,
  ],
  'a row removed, the gap closed and the chain hashed anew': [
    (database) => {
      database.exec('DELETE FROM audit WHERE seq = 3')
      shift(database, 4, -1)
      rehash(database, 3)
    },
    3,
    3,
  ],
  'two rows in each other’s place': [
    (database) => {
      database.exec('UPDATE audit SET seq = 100 WHERE seq = 3')
      database.exec('UPDATE audit SET seq = 3 WHERE seq = 4')
      database.exec('UPDATE audit SET seq = 4 WHERE seq = 100')
    },
    3,
    3,
  ],
  'a row inserted': [
    (database) => {
      shift(database, 3, 1)
      database.exec('INSERT INTO audit SELECT 3, entry, hash FROM audit WHERE seq = 2')
    },
    3,
    3,
  ],
  'the newest rows cut off': [
    (database) => database.exec('DELETE FROM audit WHERE seq > 4'),
    null,
    5,
  ],
  'all rows cut off': [(database) => database.exec('DELETE FROM audit'), null, 1],
  'the whole trail rewritten': [
    (database) => {
      database.exec(EDIT)
      rehash(database, 1)
    },
    null,
    6,
  ],
  'the newest row rewritten': [
    (database) => {
      database.exec(`${EDIT} WHERE seq = 6`)
      rehash(database, 6)
    },
    null,
    6,
  ],
}

function assertVerdict(verdict: AuditVerdict, brokenSeq: number | null): void {
  if (brokenSeq === null) {
    assert.ok(verdict.ok, JSON.stringify(verdict))
    return
  }
  assert.ok(!verdict.ok, 'was found whole')
  assert.equal(verdict.brokenSeq, brokenSeq)
  assert.match(verdict.why, new RegExp(`^row ${brokenSeq} `))
}

describe('the trail in SQLite', { concurrency: 4 }, () => {
  for (const [crime, [commit, alone, withHead]] of Object.entries(CRIMES)) {
    it(`after ${crime} is judged rightly, without a saved head and with one`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const path = join(folder.path, 'auth.db')
      const store = openSqliteAuthStore(path)
      try {
        await populate(store)
        await store.createClients([newClient('a'), newClient('b')])
        const [newest] = await store.listAudit({ before: null, limit: 1 })
        const saved: AuditHead = newest ?? assert.fail('no trail')
        assert.equal(saved.seq, 6)
        using database = new DatabaseSync(path)
        commit(database)
        assertVerdict(await verifyTrail(rowsOf(store)), alone)
        assertVerdict(await verifyTrail(rowsOf(store), saved), withHead)
      } finally {
        await store.close()
      }
    })
  }

  it('after growing honestly still fits a head saved before', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const store = openSqliteAuthStore(join(folder.path, 'auth.db'))
    await populate(store)
    const [saved] = await store.listAudit({ before: null, limit: 1 })
    await store.createClients([newClient('a')])
    const verdict = await verifyTrail(rowsOf(store), saved)
    assert.equal(verdict.ok && verdict.head?.seq, 5)
    await store.close()
  })
})
