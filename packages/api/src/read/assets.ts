/** Reads assets, within one tenant. */

import { ApiError } from '../errors/api-error.ts'
import type { Asset, AssetQuery, Page, TelemetryStore, Tenant } from '../store/store.ts'

/** An asset as the API returns it; http/asset-json.ts inserts `latest` as raw JSON. */
export interface AssetView {
  readonly asset_id: string
  readonly type: string | null
  /** ISO 8601: device time of the newest observation. */
  readonly timestamp: string
  readonly first_received_at: string
  readonly last_received_at: string
  /** The newest observation, JSON as sent; parsing it would round long numbers. */
  readonly latest: string
}

/** @throws ApiError 404, also for an asset of another tenant. */
export async function getAsset(
  tenant: Tenant,
  asset_id: string,
  store: Pick<TelemetryStore, 'findAsset'>,
): Promise<AssetView> {
  const asset = await store.findAsset(tenant, asset_id)
  if (asset === null) throw noSuchAsset()
  return assetView(asset)
}

export function noSuchAsset(): ApiError {
  return new ApiError(404, 'Not found', 'There is no such asset')
}

export async function listAssets(
  tenant: Tenant,
  query: AssetQuery,
  store: Pick<TelemetryStore, 'listAssets'>,
): Promise<Page<AssetView, string>> {
  const { rows, next } = await store.listAssets(tenant, query)
  return { rows: rows.map(assetView), next }
}

function assetView(asset: Asset): AssetView {
  return {
    asset_id: asset.asset_id,
    type: asset.type,
    timestamp: new Date(asset.timestamp_ms).toISOString(),
    first_received_at: new Date(asset.first_received_ms).toISOString(),
    last_received_at: new Date(asset.last_received_ms).toISOString(),
    latest: asset.payload,
  }
}
