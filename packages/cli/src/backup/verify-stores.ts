/** Checks restored stores as the server and `miot audit verify` would, before either runs. */

import { checkTrail, createCheckpointSigner, type EncryptionKeys } from '@modulariot/auth'
import type { Database } from '../config/database.ts'
import { CliError } from '../errors/cli-error.ts'
import { openAuthStore, openTelemetryStore } from '../stores/open-stores.ts'
import type { Manifest } from './manifest.ts'

/**
 * Migrates the stores when they are older than this program, as `miot serve` would.
 *
 * @throws CliError for a broken trail; SealBroken; Error when a store is newer than this program.
 *   StoreDamaged.
 */
export async function verifyStores(
  database: Database,
  { trail }: Manifest,
  keys: EncryptionKeys,
  issuer: string,
): Promise<void> {
  await (await openTelemetryStore(database)).close()
  const store = await openAuthStore(database)
  try {
    for (const key of await store.listSigningKeys()) await keys.open(key)
    await keys.followStore(store)
    const signer = await createCheckpointSigner(
      keys.keysInUse.checkpoint,
      issuer,
      await store.listFormerCheckpointKeys(),
    )
    const known = trail === null ? [] : [{ ...trail, name: 'the head in backup.json' }]
    const verdict = await checkTrail(store, signer, known)
    if (!verdict.ok) throw broken(verdict.why)
    if (verdict.head?.seq !== trail?.seq) {
      throw broken(`it ends at row ${verdict.head?.seq ?? 0}, not ${trail?.seq ?? 0}`)
    }
  } finally {
    await store.close()
  }
}

function broken(why: string): CliError {
  return new CliError(
    'failure',
    `The audit trail in the backup is broken: ${why}. Use another backup`,
  )
}
