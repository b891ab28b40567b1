/**
 * Takes checkpoints of the trail, regularly and at the end, and keeps them where the database
 * cannot be changed from. Also applies the retention of the trail, which never cuts a trail that
 * contradicts a checkpoint.
 */

import { repeat } from '@modulariot/platform/repeat'
import { systemContext } from '../admin/context.ts'
import { cutTrail } from '../admin/cut-trail.ts'
import { knownHead, readBase, takeCheckpoint } from '../audit/check-trail.ts'
import {
  type Checkpoint,
  CheckpointRefused,
  type CheckpointSigner,
  type SignedCheckpoint,
} from '../audit/checkpoint.ts'
import type { KnownHead } from '../audit/verify.ts'
import type { TrailReader, TrailStore } from '../store/ports/trail.ts'

/** Where checkpoints are kept. */
export interface CheckpointArchive {
  /** Compact JWSs, oldest first. */
  read(): readonly string[]
  keep(checkpoint: SignedCheckpoint): void
}

export interface KeeperOptions {
  readonly store: TrailStore
  readonly signer: CheckpointSigner
  readonly archive: CheckpointArchive
  /** Null: the trail is never cut. */
  readonly retentionDays: number | null
  readonly digestKey: Uint8Array
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onError: (error: unknown) => void
  /** Milliseconds from the start to the first checkpoint, and between two. Default: 5 s, 1 h. */
  readonly firstAfterMs?: number
  readonly intervalMs?: number
}

const FIRST_AFTER_MS = 5000
const INTERVAL_MS = 3_600_000
const DAY_MS = 86_400_000

/** Returns a function that takes a last checkpoint and stops; it still needs the store. */
export function startCheckpoints(options: KeeperOptions): () => Promise<void> {
  const { firstAfterMs = FIRST_AFTER_MS, intervalMs = INTERVAL_MS, onError } = options
  const stop = repeat(
    async (stopped) => {
      await keepCheckpoint(options).catch((error) => {
        if (!stopped()) onError(error)
      })
      if (!stopped()) await cutWhenDue(options)
    },
    { firstAfterMs, intervalMs, onError },
  )
  // The end does not wait for a round in progress: each of its steps is one unit of the store.
  return async () => {
    stop()
    await keepCheckpoint(options).catch(onError)
  }
}

/**
 * Keeps a checkpoint of the head, unless the newest checkpoint is of the same row. If the trail
 * contradicts the newest checkpoint, reports it once: the new checkpoint is of the trail as it is
 * now, and the older ones stay as evidence.
 */
export async function keepCheckpoint(options: KeeperOptions): Promise<void> {
  const { store, signer, archive, now, onError } = options
  const newest = await newestOf(archive.read(), signer)
  if (newest !== null && !(await isUnchanged(store, signer, newest))) {
    onError(
      new Error(
        `Row ${newest.seq} of the audit trail differs from the checkpoint of ${newest.at}: the trail was ` +
          'rewritten, or a backup was restored; see miot audit verify',
      ),
    )
  }
  const checkpoint = await takeCheckpoint(store, signer, now())
  if (newest?.seq === checkpoint.seq && newest.hash === checkpoint.hash) return
  archive.keep(checkpoint)
}

async function newestOf(
  kept: readonly string[],
  signer: CheckpointSigner,
): Promise<Checkpoint | null> {
  for (const checkpoint of kept.toReversed()) {
    const verified = await verifiedOrNull(signer, checkpoint)
    if (verified !== null) return verified
  }
  return null
}

/** The heads of those checkpoints that this installation signed. */
export async function knownHeads(
  kept: readonly string[],
  signer: CheckpointSigner,
): Promise<KnownHead[]> {
  const heads: KnownHead[] = []
  for (const checkpoint of kept) {
    const verified = await verifiedOrNull(signer, checkpoint)
    if (verified !== null) heads.push(knownHead(verified))
  }
  return heads
}

async function verifiedOrNull(
  signer: CheckpointSigner,
  checkpoint: string,
): Promise<Checkpoint | null> {
  try {
    return await signer.verify('head', checkpoint)
  } catch (error) {
    if (error instanceof CheckpointRefused) return null
    throw error
  }
}

/** Whether the trail has the checkpoint's row unchanged, or retention has cut it. */
async function isUnchanged(
  store: TrailReader,
  signer: CheckpointSigner,
  { seq, hash }: Checkpoint,
): Promise<boolean> {
  if (seq === 0) return true
  const [row] = await store.readAudit({ after: seq - 1, limit: 1 })
  if (row?.seq === seq) return row.hash === hash
  const base = await readBase(store, signer)
  return base !== null && base.seq >= seq
}

/** Cuts at most once a day, since each cut adds an entry. */
export async function cutWhenDue(options: KeeperOptions): Promise<void> {
  const { store, signer, archive, retentionDays, digestKey, now } = options
  if (retentionDays === null) return
  const base = await readBase(store, signer)
  if (base !== null && now() - Date.parse(base.at) < DAY_MS) return
  const known = await knownHeads(archive.read(), signer)
  const context = systemContext({ store, digestKey, now })
  await cutTrail({ days: retentionDays, signer, known }, context)
}
