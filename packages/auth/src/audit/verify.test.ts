/**
 * Verification of plain rows. For manipulations of SQLite's file see
 * store/sqlite/tampering.test.ts.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AuditRow, GENESIS_HASH, hashOf, nextRow } from '../records/audit-entry.ts'
import { draftOf } from '../store/conformance/samples.ts'
import { type AuditHead, type VerifyOptions, verifyTrail } from './verify.ts'

function trailOf(length: number): AuditRow[] {
  const rows: AuditRow[] = []
  while (rows.length < length) {
    rows.push(nextRow(rows.at(-1) ?? null, draftOf({ after: rows.length })))
  }
  return rows
}

function verify(rows: readonly AuditRow[], saved?: AuditHead, options: VerifyOptions = {}) {
  async function* inOrder() {
    yield* rows
  }
  const known = saved === undefined ? [] : [{ ...saved, name: 'the saved head' }]
  return verifyTrail(inOrder(), { known, ...options })
}

describe('verifyTrail', () => {
  it('accepts an empty trail, unless it once had rows', async () => {
    assert.deepEqual(await verify([]), { ok: true, head: null, compared: 0, cut: 0 })
    const saved = { seq: 3, hash: GENESIS_HASH }
    const why = 'row 1 is missing: the trail once reached row 3'
    assert.deepEqual(await verify([], saved), { ok: false, brokenSeq: 1, why })
  })

  it('accepts an unchanged trail, and returns the head to save', async () => {
    const rows = trailOf(5)
    const { seq, hash } = rows[4] as AuditRow
    assert.deepEqual(await verify(rows), {
      ...{ ok: true, head: { seq, hash } },
      ...{ compared: 0, cut: 0 },
    })
  })

  it('accepts every head there ever was, and no other', async () => {
    const rows = trailOf(5)
    for (const { seq, hash } of rows) {
      assert.ok((await verify(rows, { seq, hash })).ok)
      const verdict = await verify(rows, { seq, hash: hashOf(hash, 'another') })
      assert.equal(!verdict.ok && verdict.brokenSeq, seq)
    }
  })

  it('finds a row whose text has another seq, even when its hash fits', async () => {
    const rows = trailOf(2)
    const hash = (rows[1] as AuditRow).hash
    for (const entry of ['{"seq":4}', '{}', 'null', 'no JSON', '{"seq":"3"}']) {
      const verdict = await verify([...rows, { seq: 3, entry, hash: hashOf(hash, entry) }])
      assert.equal(!verdict.ok && verdict.brokenSeq, 3, entry)
    }
  })

  it('continues from the base of a trail that was cut, and from no other', async () => {
    const rows = trailOf(6)
    const [, , base, , head] = rows as [AuditRow, AuditRow, AuditRow, AuditRow, AuditRow]
    const rest = rows.slice(3)
    const whole = await verify(rest, head, { base })
    assert.ok(whole.ok)
    assert.equal(whole.head?.seq, 6)
    const verdicts = [
      [await verify(rest), 1, /no signed base records that it was cut/],
      [await verify(rest.slice(1), undefined, { base }), 4, /is missing$/],
      [await verify([], undefined, { base }), 4, /is missing$/],
      [await verify(rows.slice(2), undefined, { base }), 3, /although retention cut it/],
      [await verify(rest, undefined, { base: { ...base, hash: GENESIS_HASH } }), 4, /was altered/],
    ] as const
    for (const [verdict, seq, why] of verdicts) {
      assert.ok(!verdict.ok, String(why))
      assert.deepEqual([verdict.brokenSeq, why.test(verdict.why)], [seq, true], verdict.why)
    }
  })

  it('compares every known head that was not cut, the last row of the cut included', async () => {
    const rows = trailOf(6)
    const named = rows.map(({ seq, hash }) => ({ seq, hash, name: `the checkpoint ${seq}` }))
    const [, , base] = rows
    const rest = rows.slice(3)
    const verdict = await verify(rest, undefined, { base: base as AuditRow, known: named })
    assert.ok(verdict.ok)
    assert.deepEqual([verdict.compared, verdict.cut], [4, 2])
    const forged = named.map((one) => (one.seq === 3 ? { ...one, hash: GENESIS_HASH } : one))
    const broken = await verify(rest, undefined, { base: base as AuditRow, known: forged })
    assert.equal(
      !broken.ok && broken.why,
      'row 3 differs from the checkpoint 3: the trail was rewritten',
    )
  })
})
