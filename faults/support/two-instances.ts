/**
 * Two `miot serve` that act as one service: the same issuer, the same store, each with its own
 * memory.
 */

import { startPostgres } from '@modulariot/platform/testing/postgres'
import { type RunningServer, startServer } from '../../conformance/support/running-server.ts'

export const STORES = ['sqlite', 'postgres'] as const

export type StoreKind = (typeof STORES)[number]

export interface TwoInstances {
  /** Its URL is the issuer of both. */
  readonly first: RunningServer
  readonly second: RunningServer
  /** Stops both, and removes their data. */
  stop(): Promise<void>
}

export async function startTwo(
  store: StoreKind,
  settings: Readonly<Record<string, string>> = {},
): Promise<TwoInstances> {
  const postgres = store === 'postgres' ? await startPostgres() : null
  const stores = postgres === null ? {} : { MIOT_DATABASE_URL: await postgres.createDatabase() }
  const common = { MIOT_LOG_LEVEL: 'error', ...stores, ...settings }
  try {
    const first = await startServer(common)
    const joined = { MIOT_ISSUER: first.url, MIOT_DATA_DIR: first.dataDir }
    const second = await startServer({ ...common, ...joined })
    return {
      first,
      second,
      async stop() {
        await second.stop()
        await first.stop()
        await postgres?.stop()
      },
    }
  } catch (error) {
    await postgres?.stop()
    throw error
  }
}
