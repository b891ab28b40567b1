/** Someone edits the database file; verification names the row. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { systemContext } from '../../admin/context.ts'
import { cutTrail } from '../../admin/cut-trail.ts'
import { checkTrail, knownHead, takeCheckpoint } from '../../audit/check-trail.ts'
import { createCheckpointSigner } from '../../audit/checkpoint.ts'
import type { AuditVerdict } from '../../audit/verify.ts'
import { AdminError } from '../../errors/admin-error.ts'
import { type AuditRow, GENESIS_HASH, hashOf } from '../../records/audit-entry.ts'
import { SAMPLE_TIME } from '../../testing/sample-client.ts'
import { draftOf, newClient, populate } from '../conformance/samples.ts'
import { openSqliteAuthStore } from './sqlite-store.ts'

const ISSUER = 'https://auth.example'
const signer = await createCheckpointSigner(new Uint8Array(32).fill(1), ISSUER)
const stranger = await createCheckpointSigner(new Uint8Array(32).fill(2), ISSUER)

const NOW = Date.parse(SAMPLE_TIME) + 400 * 86_400_000

const EDIT = `UPDATE audit SET entry = replace(entry, '"name":"ops"', '"name":"eve"')`

/** Makes room for a row at `seq`, or closes the gap there. */
function shift(database: DatabaseSync, seq: number, by: 1 | -1): void {
  database.exec(`UPDATE audit SET seq = -(seq + ${by}) WHERE seq >= ${seq}`)
  database.exec('UPDATE audit SET seq = -seq WHERE seq < 0')
}

/** Recomputes the chain from this row on, as an attacker who knows the format would. */
function rehash(database: DatabaseSync, from: number): void {
  const rows = database.prepare('SELECT seq, entry, hash FROM audit ORDER BY seq').all()
  const update = database.prepare('UPDATE audit SET hash = ? WHERE seq = ?')
  let previous = GENESIS_HASH
  for (const { seq, entry, hash } of rows as unknown as AuditRow[]) {
    previous = seq < from ? hash : hashOf(previous, entry)
    update.run(previous, seq)
  }
}

/**
 * Manipulations of a trail of six rows, and the row that is named, without and with a checkpoint.
 */
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
  'a row put before the first': [
    (database) =>
      database.exec('INSERT INTO audit SELECT -7, entry, hash FROM audit WHERE seq = 2'),
    -7,
    -7,
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
  for (const [crime, [commit, alone, withCheckpoint]] of Object.entries(CRIMES)) {
    it(`after ${crime} is judged rightly, without a checkpoint and with one`, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
      const path = join(folder.path, 'auth.db')
      const store = openSqliteAuthStore(path)
      try {
        await populate(store)
        await store.createClients([newClient('a'), newClient('b')])
        const { seq, checkpoint } = await takeCheckpoint(store, signer, NOW)
        assert.equal(seq, 6)
        using database = new DatabaseSync(path)
        commit(database)
        assertVerdict(await checkTrail(store, signer), alone)
        const known = knownHead(await signer.verify('head', checkpoint))
        assertVerdict(await checkTrail(store, signer, [known]), withCheckpoint)
      } finally {
        await store.close()
      }
    })
  }

  it('after new entries still fits an older checkpoint', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const store = openSqliteAuthStore(join(folder.path, 'auth.db'))
    await populate(store)
    const saved = await takeCheckpoint(store, signer, NOW)
    await store.createClients([newClient('a')])
    const verdict = await checkTrail(store, signer, [knownHead(saved)])
    assert.equal(verdict.ok && verdict.head?.seq, 5)
    await store.close()
  })
})

/**
 * Manipulations of a trail of seven rows whose first four were cut, and the verdict. The attacker
 * knows the checkpoint published before the cut (row 4), as any reader of the logs does.
 */
const CRIMES_AFTER_A_CUT: Record<
  string,
  [(database: DatabaseSync, published: string) => unknown, RegExp | null]
> = {
  nothing: [() => {}, null],
  'the base removed': [
    (database) => database.exec('DELETE FROM audit_base'),
    /^row 1 is missing, and no signed base records that it was cut$/,
  ],
  'one more row cut, without a base': [
    (database) => database.exec('DELETE FROM audit WHERE seq = 5'),
    /^row 5 is missing$/,
  ],
  'a row put back': [
    (database) => database.exec('INSERT INTO audit SELECT 4, entry, hash FROM audit WHERE seq = 5'),
    /^row 4 exists, although retention cut it$/,
  ],
  'the base altered': [
    (database) => {
      const { checkpoint } = database.prepare('SELECT checkpoint FROM audit_base').get() ?? {}
      const [header, payload, signature] = String(checkpoint).split('.')
      const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString())
      const forged = Buffer.from(JSON.stringify({ ...claims, seq: 5 })).toString('base64url')
      const text = `${header}.${forged}.${signature}`
      database.prepare('UPDATE audit_base SET checkpoint = ?').run(text)
      database.exec('DELETE FROM audit WHERE seq = 5')
    },
    /was altered: its signature does not verify$/,
  ],
  'a published checkpoint put in the place of the base': [
    (database, published) =>
      database.prepare('UPDATE audit_base SET checkpoint = ?').run(published),
    /is not a JWS of the type modulariot-audit-base$/,
  ],
  'a base of another installation': [
    async (database) => {
      const row = database.prepare('SELECT seq, hash FROM audit WHERE seq = 5').get()
      const { seq, hash } = row as unknown as AuditRow
      const place = { at: SAMPLE_TIME, seq, hash, first_seq: seq + 1 }
      const { checkpoint } = await stranger.sign('base', place)
      database.prepare('UPDATE audit_base SET checkpoint = ?').run(checkpoint)
      database.exec('DELETE FROM audit WHERE seq = 5')
    },
    /comes from another installation: https:\/\/auth\.example, key /,
  ],
  'no JWS in the place of the base': [
    (database) => database.exec(`UPDATE audit_base SET checkpoint = '{}'`),
    /is not a JWS/,
  ],
  'what was left hashed anew from nothing': [
    (database) => {
      database.exec('DELETE FROM audit_base')
      database.exec('UPDATE audit SET seq = -(seq - 4)')
      database.exec('UPDATE audit SET seq = -seq')
      database.exec(`UPDATE audit SET entry = json_set(entry, '$.seq', seq)`)
      rehash(database, 1)
    },
    /^row 4 is missing: the trail once reached row 7$/,
  ],
}

describe('the trail in SQLite that retention has cut', { concurrency: 4 }, () => {
  const later = { at: new Date(NOW - 1000).toISOString() }

  async function withTrail(
    work: (place: {
      store: ReturnType<typeof openSqliteAuthStore>
      database: DatabaseSync
      published: string
      cut: (known?: string[]) => ReturnType<typeof cutTrail>
    }) => Promise<void>,
  ): Promise<void> {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-'))
    const path = join(folder.path, 'auth.db')
    const store = openSqliteAuthStore(path)
    try {
      await populate(store)
      const { checkpoint: published } = await takeCheckpoint(store, signer, NOW)
      for (const _ of [5, 6]) await store.recordAudit(draftOf(later))
      using database = new DatabaseSync(path)
      const context = systemContext({ store, digestKey: new Uint8Array(32), now: () => NOW })
      const cut = async (known: string[] = []) => {
        const heads = await Promise.all(known.map((one) => signer.verify('head', one)))
        return cutTrail({ days: 365, signer, known: heads.map(knownHead) }, context)
      }
      await work({ store, database, published, cut })
    } finally {
      await store.close()
    }
  }

  for (const [crime, [commit, said]] of Object.entries(CRIMES_AFTER_A_CUT)) {
    it(`is judged rightly after ${crime}`, () =>
      withTrail(async ({ store, database, published, cut }) => {
        assert.deepEqual(await cut([published]), { rows: 4, up_to_seq: 4 })
        const newest = knownHead(await takeCheckpoint(store, signer, NOW))
        assert.equal(newest.seq, 7)
        await commit(database, published)
        const verdict = await checkTrail(store, signer, [newest])
        if (said === null) assert.ok(verdict.ok, JSON.stringify(verdict))
        else assert.match(verdict.ok ? 'was found whole' : verdict.why, said)
      }))
  }

  it('records the cut in an entry, and cuts nothing twice', () =>
    withTrail(async ({ store, cut }) => {
      assert.deepEqual(await cut(), { rows: 4, up_to_seq: 4 })
      const [entry] = await store.listAudit({ before: null, limit: 1 })
      const { seq, actor, action, before, after } = JSON.parse(entry?.entry ?? '{}')
      assert.deepEqual([seq, actor, action], [7, { kind: 'system' }, 'trail.cut'])
      const older_than = new Date(NOW - 365 * 86_400_000).toISOString()
      assert.deepEqual([before, after], [{ first_seq: 1 }, { first_seq: 5, rows: 4, older_than }])
      assert.equal(await cut(), null)
    }))

  it('verifies even if it is cut while it is verified', () =>
    withTrail(async ({ store, cut }) => {
      let reads = 0
      const racing = {
        ...store,
        async readAudit(page: Parameters<typeof store.readAudit>[0]) {
          if (++reads === 1) await cut()
          return store.readAudit(page)
        },
      }
      const verdict = await checkTrail(racing, signer)
      assert.deepEqual(verdict.ok && verdict.head?.seq, 7)
    }))

  it('is not cut if that would destroy evidence: a broken or rewritten chain', () =>
    withTrail(async ({ store, database, published, cut }) => {
      const [before] = await store.listAudit({ before: null, limit: 1 })
      database.exec(`${EDIT} WHERE seq = 2`)
      const refused = (why: RegExp) => (error: unknown) =>
        error instanceof AdminError && error.code === 'conflict' && why.test(error.message)
      await assert.rejects(cut(), refused(/^The audit trail is broken, .* row 2 was altered/))
      rehash(database, 1)
      await assert.rejects(cut([published]), refused(/row 4 differs from the checkpoint of/))
      const [after] = await store.listAudit({ before: null, limit: 1 })
      assert.equal(after?.seq, before?.seq)
      assert.equal(await store.readAuditBase(), null)
    }))
})
