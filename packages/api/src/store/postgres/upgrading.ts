/** Whether instances of the version before may still run, which do not read what is moved. */

import type { RunQuery } from '@modulariot/platform/postgres'

/** For replacing one instance after the other. */
const UPGRADE_MS = 86_400_000

/** @param version the migration with which rows begin to move. */
export async function isUpgrading(
  query: RunQuery,
  version: number,
  nowMs: number,
): Promise<boolean> {
  const { rows } = await query<{ applied_at: string }>(
    'SELECT applied_at FROM telemetry.migrations WHERE version IN (1, $1) ORDER BY version',
    [version],
  )
  const [installed, migrated] = rows.map(({ applied_at }) => Date.parse(applied_at))
  // A new installation has run all migrations at once.
  return migrated !== undefined && migrated !== installed && nowMs < migrated + UPGRADE_MS
}
