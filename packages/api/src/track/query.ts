/** Reading back what was reported, within one tenant. */

import { isUtf8 } from 'node:buffer'
import { isCanonicalBase64url } from '@modulariot/oauth/protocol'
import { ApiError } from '../api-error.ts'
import type { Asset, TelemetryStore, Tenant } from '../store/store.ts'

/** An asset as the API shows it, but for `latest`, which http/asset-json.ts writes as it is. */
export interface AssetView {
  readonly asset_id: string
  readonly type: string | null
  /** ISO 8601: device time of the newest observation. */
  readonly timestamp: string
  readonly first_received_at: string
  readonly last_received_at: string
  /** The newest observation, JSON as it was sent: parsing would round its long numbers. */
  readonly latest: string
}

export interface AssetList {
  readonly assets: readonly AssetView[]
  /** Pass as `cursor`; null on the last page. */
  readonly next_cursor: string | null
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 200
const MAX_CURSOR_LENGTH = 2048

/** @throws ApiError 404, the same for an asset that is another tenant's. */
export async function getAsset(
  tenant: Tenant,
  asset_id: string,
  store: Pick<TelemetryStore, 'findAsset'>,
): Promise<AssetView> {
  const asset = await store.findAsset(tenant, asset_id)
  if (asset === null) throw new ApiError(404, 'Not found', 'There is no such asset')
  return viewOf(asset)
}

/** @throws ApiError 400 for a `limit` or `cursor` that is not one of ours. */
export async function listAssets(
  tenant: Tenant,
  query: { limit?: unknown; cursor?: unknown },
  store: Pick<TelemetryStore, 'listAssets'>,
): Promise<AssetList> {
  const after = parseCursor(query.cursor)
  const { assets, next } = await store.listAssets(tenant, { after, limit: parseLimit(query.limit) })
  return {
    assets: assets.map(viewOf),
    next_cursor: next === null ? null : Buffer.from(next).toString('base64url'),
  }
}

function parseLimit(limit: unknown): number {
  if (limit === undefined) return DEFAULT_LIMIT
  const value = typeof limit === 'string' && /^\d{1,6}$/.test(limit) ? Number(limit) : 0
  if (value < 1 || value > MAX_LIMIT) {
    throw new ApiError(400, 'Invalid limit', `limit must be a whole number from 1 to ${MAX_LIMIT}`)
  }
  return value
}

/** What is not exactly as we wrote it is refused: a cursor cut short would start over, without end. */
function parseCursor(cursor: unknown): string | null {
  if (cursor === undefined) return null
  const bytes =
    typeof cursor === 'string' && cursor.length <= MAX_CURSOR_LENGTH && isCanonicalBase64url(cursor)
      ? Buffer.from(cursor, 'base64url')
      : null
  if (bytes === null || !isUtf8(bytes)) {
    throw new ApiError(400, 'Invalid cursor', 'Pass next_cursor of the page before, unchanged')
  }
  return bytes.toString()
}

function viewOf(asset: Asset): AssetView {
  return {
    asset_id: asset.asset_id,
    type: asset.type,
    timestamp: new Date(asset.timestamp_ms).toISOString(),
    first_received_at: new Date(asset.first_received_ms).toISOString(),
    last_received_at: new Date(asset.last_received_ms).toISOString(),
    latest: asset.payload,
  }
}
