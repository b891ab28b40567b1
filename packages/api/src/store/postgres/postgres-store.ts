/** The telemetry store on PostgreSQL, for several instances at once. */

import { migratePostgres, openPostgres, type Postgres } from '@modulariot/platform/postgres'
import { type Migrated, readMigrations } from '@modulariot/platform/storage'
import type { Asset, TelemetryStore } from '../store.ts'
import { append } from './append.ts'

const SCHEMA = 'telemetry'
/** A thousand reports may be in it. */
const APPEND_TIMEOUT_MS = 5000
/** Batches are written one after the other, so the rest is for readers. */
const MAX_CONNECTIONS = 5

/**
 * @param url `postgres://user:password@host:port/database`, with the parameters `pg` knows.
 * @throws StoreUnavailable; Error when the migrations do not fit this program.
 */
export async function openPostgresTelemetryStore(url: string): Promise<TelemetryStore> {
  const postgres = open(url)
  try {
    await migrateSchema(postgres)
    return createStore(postgres)
  } catch (error) {
    await postgres.close()
    throw error
  }
}

/** Brings the schema to the newest version, and does nothing else. */
export async function migratePostgresTelemetryStore(url: string): Promise<Migrated> {
  const postgres = open(url)
  try {
    return await migrateSchema(postgres)
  } finally {
    await postgres.close()
  }
}

function open(url: string): Postgres {
  return openPostgres(url, {
    applicationName: 'modulariot-api',
    maxConnections: MAX_CONNECTIONS,
  })
}

function migrateSchema(postgres: Postgres): Promise<Migrated> {
  const migrations = readMigrations(new URL('./migrations/', import.meta.url))
  return migratePostgres(postgres, SCHEMA, migrations)
}

function createStore(postgres: Postgres): TelemetryStore {
  /** Batches that were sent and are not answered. */
  const underWay = new Set<Promise<void>>()
  const selectAsset = `SELECT a.asset_id, a.type, a.timestamp_ms, first_received_ms, last_received_ms, o.payload
    FROM telemetry.assets a JOIN telemetry.observations o ON o.observation_id = latest_observation_id
    WHERE a.org_id = $1 AND a.environment = $2`
  return {
    ping: async () => void (await postgres.query('SELECT 1')),
    append: (batch) => {
      if (batch.length === 0) return Promise.resolve([])
      const options = { timeoutMs: APPEND_TIMEOUT_MS }
      const writing = postgres.transaction((query) => append(query, batch), options)
      const settled = writing.then(
        () => void underWay.delete(settled),
        () => void underWay.delete(settled),
      )
      underWay.add(settled)
      return writing
    },
    findAsset: async ({ org_id, environment }, asset_id) => {
      const { rows } = await postgres.query<AssetRow>(
        { name: 'find asset', text: `${selectAsset} AND a.asset_id = $3` },
        [org_id, environment, Buffer.from(asset_id)],
      )
      return rows[0] === undefined ? null : assetOf(rows[0])
    },
    listAssets: async ({ org_id, environment }, { after, limit }) => {
      const { rows } = await postgres.query<AssetRow>(
        `${selectAsset} AND a.asset_id > $3 ORDER BY a.asset_id LIMIT $4`,
        [org_id, environment, Buffer.from(after ?? ''), limit + 1],
      )
      const assets = rows.slice(0, limit).map(assetOf)
      return { assets, next: rows.length > limit ? (assets.at(-1)?.asset_id ?? null) : null }
    },
    close: async () => {
      await Promise.all(underWay)
      await postgres.close()
    },
  }
}

type AssetRow = Omit<Asset, 'asset_id' | 'type'> & {
  readonly asset_id: Buffer
  readonly type: Buffer | null
}

function assetOf(row: AssetRow): Asset {
  return { ...row, asset_id: row.asset_id.toString(), type: row.type?.toString() ?? null }
}
