/** Checks the trail in the store against its signed base and known checkpoints. */

import { setImmediate } from 'node:timers/promises'
import { type AuditRow, GENESIS_HASH } from '../records/audit-entry.ts'
import type { TrailReader } from '../store/ports/trail.ts'
import {
  type Checkpoint,
  CheckpointRefused,
  type CheckpointSigner,
  type SignedCheckpoint,
} from './checkpoint.ts'
import { type AuditVerdict, type KnownHead, verifyTrail } from './verify.ts'

/**
 * Small, since the embedded store reads and hashing runs on the event loop that all tenants share.
 */
const PAGE_ROWS = 100

/**
 * Verifies the whole trail, a page at a time.
 *
 * @param known heads noted elsewhere; the signatures of those from checkpoints have been verified.
 */
export async function checkTrail(
  store: TrailReader,
  signer: CheckpointSigner,
  known: readonly KnownHead[] = [],
): Promise<AuditVerdict> {
  for (;;) {
    const text = await store.readAuditBase()
    const verdict = await checkFromBase(store, signer, text, known)
    // Retention may have cut rows while they were read; then there is a newer base.
    if (verdict.ok || (await store.readAuditBase()) === text) return verdict
  }
}

async function checkFromBase(
  store: TrailReader,
  signer: CheckpointSigner,
  text: string | null,
  known: readonly KnownHead[],
): Promise<AuditVerdict> {
  try {
    const base = text === null ? null : await signer.verify('base', text)
    return await verifyTrail(trailRows(store, null), { base, known })
  } catch (error) {
    if (!(error instanceof CheckpointRefused)) throw error
    return { ok: false, brokenSeq: 1, why: `row 1 is replaced by a base that ${error.message}` }
  }
}

/**
 * @throws CheckpointRefused when the base in the store is not one that this installation signed.
 */
export async function readBase(
  store: TrailReader,
  signer: CheckpointSigner,
): Promise<Checkpoint | null> {
  const text = await store.readAuditBase()
  return text === null ? null : signer.verify('base', text)
}

/** Rows after `after` in the order of `seq`; null: all. Yields to other work between pages. */
export async function* trailRows(
  store: TrailReader,
  after: number | null,
): AsyncGenerator<AuditRow> {
  for (let seq = after; ; ) {
    const page = await store.readAudit({ after: seq, limit: PAGE_ROWS })
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    seq = last.seq
    await setImmediate()
  }
}

export function knownHead({ seq, hash, at }: Checkpoint): KnownHead {
  return { seq, hash, name: `the checkpoint of ${at}` }
}

/**
 * Signs a checkpoint of the current head.
 *
 * @param now Unix milliseconds.
 * @throws CheckpointRefused when the base in the store is not one that this installation signed.
 */
export async function takeCheckpoint(
  store: TrailReader,
  signer: CheckpointSigner,
  now: number,
): Promise<SignedCheckpoint> {
  const base = await readBase(store, signer)
  const [row] = await store.listAudit({ before: null, limit: 1 })
  const { seq, hash } = row ?? base ?? { seq: 0, hash: GENESIS_HASH }
  const at = new Date(now).toISOString()
  return signer.sign('head', { at, seq, hash, first_seq: (base?.seq ?? 0) + 1 })
}
