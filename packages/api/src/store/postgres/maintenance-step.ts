/** One step of maintenance. */

import type { RunQuery } from '@modulariot/platform/postgres'

/** Runs `work` in a transaction; null if another instance is doing maintenance. */
export type MaintenanceStep = <Result>(
  work: (query: RunQuery) => Promise<Result>,
) => Promise<Result | null>
