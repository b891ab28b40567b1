/**
 * Retention of the trail: removes the oldest entries and leaves a signed base in their place, from
 * which the rest of the chain is verified.
 */

import { checkTrail, readBase, trailRows } from '../audit/check-trail.ts'
import type { CheckpointSigner } from '../audit/checkpoint.ts'
import type { AuditHead, KnownHead } from '../audit/verify.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { AuditEntry } from '../records/audit-entry.ts'
import type { TrailStore } from '../store/ports/trail.ts'
import { type AdminContext, auditDraft } from './context.ts'

export interface CutOptions {
  /** Removes entries that are at least this many days old. */
  readonly days: number
  readonly signer: CheckpointSigner
  /** Heads from verified checkpoints. A trail that contradicts one is not cut. */
  readonly known: readonly KnownHead[]
}

export interface CutResult {
  readonly rows: number
  /** The last row that was cut. */
  readonly up_to_seq: number
}

const DAY_MS = 86_400_000
/** Rows removed in one unit of the store; other writes run between units. */
const CUT_ROWS = 500

/**
 * Cuts the entries that are too old, up to the first that is not. Each cut adds an entry, so the
 * newest entry always stays.
 *
 * Verifies the whole trail first: a base signed over rewritten rows would destroy the evidence.
 *
 * @returns null when there was nothing to cut.
 * @throws AdminError `conflict` when the trail is broken; nothing was cut.
 */
export async function cutTrail(
  { days, signer, known }: CutOptions,
  context: AdminContext<TrailStore>,
): Promise<CutResult | null> {
  const { store } = context
  const older_than = new Date(context.now() - days * DAY_MS).toISOString()
  const base = await readBaseSeq(context, signer)
  if ((await lastOlder(context, base, older_than)) === null) return null
  // 1. Verify.
  const verdict = await checkTrail(store, signer, known)
  if (!verdict.ok) {
    throw new AdminError(
      'conflict',
      `The audit trail is broken, so nothing was cut: ${verdict.why}`,
    )
  }
  // 2. Cut, `CUT_ROWS` at a time.
  let [rows, from] = [0, base]
  for (;;) {
    const last = await lastOlder(context, from, older_than)
    if (last === null) break
    if (!(await cutPiece(from, last, older_than, signer, context))) break
    rows += last.seq - from
    from = last.seq
  }
  return rows === 0 ? null : { rows, up_to_seq: from }
}

async function cutPiece(
  from: number,
  { seq, hash }: AuditHead,
  older_than: string,
  signer: CheckpointSigner,
  context: AdminContext<TrailStore>,
): Promise<boolean> {
  const at = new Date(context.now()).toISOString()
  const { checkpoint, kid } = await signer.sign('base', { at, seq, hash, first_seq: seq + 1 })
  const audit = auditDraft(context, {
    action: 'trail.cut',
    target: { type: 'trail', id: 'audit' },
    org_id: null,
    environment: null,
    before: { first_seq: from + 1 },
    after: { first_seq: seq + 1, rows: seq - from, older_than },
  })
  return context.store.cutAudit({ last: { seq, hash }, checkpoint, kid, audit })
}

async function readBaseSeq(
  { store }: AdminContext<TrailStore>,
  signer: CheckpointSigner,
): Promise<number> {
  return (await readBase(store, signer))?.seq ?? 0
}

/** The last of at most `CUT_ROWS` rows after `from` that are all too old. */
async function lastOlder(
  { store }: AdminContext<TrailStore>,
  from: number,
  older_than: string,
): Promise<AuditHead | null> {
  let last: AuditHead | null = null
  for await (const { seq, entry, hash } of trailRows(store, from)) {
    if ((JSON.parse(entry) as AuditEntry).at > older_than) break
    last = { seq, hash }
    if (seq - from >= CUT_ROWS) break
  }
  return last
}
