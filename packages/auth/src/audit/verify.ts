/** Is the trail whole? Names the first row that is not as it was written. */

import { type AuditRow, GENESIS_HASH, hashOf } from './entry.ts'

/** A place in the trail, saved somewhere the trail cannot be changed from. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

export type AuditVerdict =
  | { readonly ok: true; readonly head: AuditHead | null }
  | { readonly ok: false; readonly brokenSeq: number; readonly why: string }

/**
 * Walks the trail from its first row.
 *
 * @param rows in the order of `seq`.
 * @param saved a head noted earlier: also proves that nothing before it was rewritten and nothing after
 *   its time was cut below it.
 */
export async function verifyTrail(
  rows: AsyncIterable<AuditRow>,
  saved: AuditHead | null = null,
): Promise<AuditVerdict> {
  let head: AuditHead = { seq: 0, hash: GENESIS_HASH }
  for await (const row of rows) {
    const expected = head.seq + 1
    if (row.seq !== expected) return broken(expected, 'is missing')
    if (hashOf(head.hash, row.entry) !== row.hash) {
      return broken(row.seq, 'is not as it was written, or what stood before it is gone')
    }
    if (seqIn(row.entry) !== row.seq) return broken(row.seq, 'has another place than it was given')
    if (row.seq === saved?.seq && row.hash !== saved.hash) {
      return broken(row.seq, 'differs from the saved head: the trail was rewritten')
    }
    head = { seq: row.seq, hash: row.hash }
  }
  if (saved !== null && head.seq < saved.seq) {
    return broken(head.seq + 1, `is missing: the trail once reached row ${saved.seq}`)
  }
  return { ok: true, head: head.seq === 0 ? null : head }
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
