/** The verdict on plain rows. What SQLite's file can be made to say: store/sqlite/tampering.test.ts. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { draftOf } from '../store/conformance/samples.ts'
import { type AuditRow, GENESIS_HASH, hashOf, nextRow } from './entry.ts'
import { type AuditHead, verifyTrail } from './verify.ts'

function trailOf(length: number): AuditRow[] {
  const rows: AuditRow[] = []
  while (rows.length < length) {
    rows.push(nextRow(rows.at(-1) ?? null, draftOf({ after: rows.length })))
  }
  return rows
}

function verify(rows: readonly AuditRow[], saved?: AuditHead | null) {
  async function* inOrder() {
    yield* rows
  }
  return verifyTrail(inOrder(), saved)
}

describe('verifyTrail', () => {
  it('finds an empty trail whole, unless it once had rows', async () => {
    assert.deepEqual(await verify([]), { ok: true, head: null })
    const saved = { seq: 3, hash: GENESIS_HASH }
    const why = 'row 1 is missing: the trail once reached row 3'
    assert.deepEqual(await verify([], saved), { ok: false, brokenSeq: 1, why })
  })

  it('finds a whole trail whole, and gives the head to save', async () => {
    const rows = trailOf(5)
    const { seq, hash } = rows[4] as AuditRow
    assert.deepEqual(await verify(rows), { ok: true, head: { seq, hash } })
  })

  it('takes every head there ever was, and no other', async () => {
    const rows = trailOf(5)
    for (const { seq, hash } of rows) {
      assert.ok((await verify(rows, { seq, hash })).ok)
      const verdict = await verify(rows, { seq, hash: hashOf(hash, 'another') })
      assert.equal(!verdict.ok && verdict.brokenSeq, seq)
    }
  })

  it('finds a row whose text says another place, even when its hash fits', async () => {
    const rows = trailOf(2)
    const hash = (rows[1] as AuditRow).hash
    for (const entry of ['{"seq":4}', '{}', 'null', 'no JSON', '{"seq":"3"}']) {
      const verdict = await verify([...rows, { seq: 3, entry, hash: hashOf(hash, entry) }])
      assert.equal(!verdict.ok && verdict.brokenSeq, 3, entry)
    }
  })
})
