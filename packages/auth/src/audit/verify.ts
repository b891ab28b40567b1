/** Verifies the trail, and names the first row that was changed, removed or moved. */

import { type AuditRow, GENESIS_HASH, hashOf } from '../records/audit-entry.ts'

/** A place in the trail. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

/** A head noted in a place from which the trail cannot be changed, and a name for it. */
export interface KnownHead extends AuditHead {
  readonly name: string
}

export type AuditVerdict =
  | {
      readonly ok: true
      readonly head: AuditHead | null
      /** Known heads that match the trail, and those whose rows retention has cut. */
      readonly compared: number
      readonly cut: number
    }
  | { readonly ok: false; readonly brokenSeq: number; readonly why: string }

export interface VerifyOptions {
  /** The last row that retention cut, from a checkpoint whose signature was verified. */
  readonly base?: AuditHead | null
  /**
   * They prove that nothing before them was rewritten since, and that the trail was not cut below
   * them.
   */
  readonly known?: readonly KnownHead[]
}

/**
 * Walks the trail from its first row.
 *
 * @param rows all of them, in the order of `seq`.
 */
export async function verifyTrail(
  rows: AsyncIterable<AuditRow>,
  { base = null, known = [] }: VerifyOptions = {},
): Promise<AuditVerdict> {
  const start = base ?? { seq: 0, hash: GENESIS_HASH }
  const remaining = known.filter(({ seq }) => seq >= start.seq)
  const bySeq = Map.groupBy(remaining, ({ seq }) => seq)
  const different = (at: AuditHead): AuditVerdict | null => {
    const contradiction = bySeq.get(at.seq)?.find(({ hash }) => hash !== at.hash)
    if (contradiction === undefined) return null
    return broken(at.seq, `differs from ${contradiction.name}: the trail was rewritten`)
  }
  let head: AuditHead = start
  if (base !== null || bySeq.has(0)) {
    const verdict = different(start)
    if (verdict !== null) return verdict
  }
  for await (const row of rows) {
    const fault = faultOf(row, head, base)
    if (fault !== null) return fault
    const verdict = different(row)
    if (verdict !== null) return verdict
    head = { seq: row.seq, hash: row.hash }
  }
  // A cut leaves at least the entry that records it.
  if (base !== null && head.seq === base.seq) return broken(head.seq + 1, 'is missing')
  const newest = remaining.reduce((most, { seq }) => Math.max(most, seq), 0)
  if (head.seq < newest) {
    return broken(head.seq + 1, `is missing: the trail once reached row ${newest}`)
  }
  const counts = { compared: remaining.length, cut: known.length - remaining.length }
  return { ok: true, head: head.seq === 0 ? null : head, ...counts }
}

function faultOf(row: AuditRow, head: AuditHead, base: AuditHead | null): AuditVerdict | null {
  const expected = head.seq + 1
  if (row.seq !== expected) {
    if (row.seq < 1) return broken(row.seq, 'precedes the first row: it was forged')
    if (row.seq <= head.seq) return broken(row.seq, 'exists, although retention cut it')
    const uncut = expected === 1 && base === null
    return broken(
      expected,
      uncut ? 'is missing, and no signed base records that it was cut' : 'is missing',
    )
  }
  if (hashOf(head.hash, row.entry) !== row.hash) {
    return broken(row.seq, 'was altered, or a row before it is gone')
  }
  if (seqIn(row.entry) !== row.seq) return broken(row.seq, 'is not at its original position')
  return null
}

function seqIn(entry: string): unknown {
  try {
    return (JSON.parse(entry) as { seq?: unknown } | null)?.seq
  } catch {
    return undefined
  }
}

function broken(brokenSeq: number, what: string): AuditVerdict {
  return { ok: false, brokenSeq, why: `row ${brokenSeq} ${what}` }
}
