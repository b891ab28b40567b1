/**
 * What a change unit does to the trail beyond appending: answers for retries, and the cut of its
 * oldest end.
 */

import type { Client } from '../../records/client.ts'
import { idempotencyRowOf } from '../idempotency-rows.ts'
import type { Audited } from '../ports/audited-change.ts'
import type { AuditCut } from '../ports/trail.ts'
import type { ChangeUnit } from './change-unit.ts'

/** Entries about clients, with what retries are answered with. */
export async function appendOfClients(
  unit: ChangeUnit,
  changes: readonly Audited<Client>[],
): Promise<void> {
  await unit.audit(changes.map(({ audit }) => audit))
  for (const row of changes.map(idempotencyRowOf)) {
    if (row === null) continue
    const { org_id, environment, key, digest, answer, until, at } = row
    await unit.query(
      `DELETE FROM auth.idempotency
       WHERE org_id = $1 AND environment = $2 AND key = $3 AND until <= $4`,
      [org_id, environment, key, at],
    )
    await unit.query(
      `INSERT INTO auth.idempotency (org_id, environment, key, digest, answer, until)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [org_id, environment, key, digest, answer, until],
    )
  }
}

/** False, and nothing, when there is no such row. */
export async function cutAudit(
  unit: ChangeUnit,
  { last, checkpoint, audit }: AuditCut,
): Promise<boolean> {
  const { seq, hash } = last
  const row = await unit.query('SELECT 1 FROM auth.audit WHERE seq = $1 AND hash = $2', [seq, hash])
  if (row.count === 0) return false
  await unit.audit([audit])
  await unit.query('DELETE FROM auth.audit WHERE seq <= $1', [seq])
  await unit.query('DELETE FROM auth.audit_base')
  await unit.query('INSERT INTO auth.audit_base (seq, checkpoint) VALUES ($1, $2)', [
    seq,
    checkpoint,
  ])
  return true
}
