/** What a backup states about a database, as one transaction sees it. */

import type { RunQuery } from '@modulariot/platform/postgres'
import type { AuditHead } from '../../audit/verify.ts'
import type { SealedKey } from '../../records/sealed-key.ts'

/** The trail's head. Null: the trail is empty. @throws StoreUnavailable */
export async function headInSnapshot(query: RunQuery): Promise<AuditHead | null> {
  const { rows } = await query<AuditHead>(
    'SELECT seq, hash FROM auth.audit ORDER BY seq DESC LIMIT 1',
  )
  return rows[0] ?? null
}

/** @throws StoreUnavailable */
export async function sealedKeysInSnapshot(
  query: RunQuery,
): Promise<Pick<SealedKey, 'kid' | 'sealed'>[]> {
  const { rows } = await query<SealedKey>('SELECT kid, sealed FROM auth.signing_keys')
  return rows
}
