/** Serializes assets and events. Reported JSON stays as sent: no number rounded, no field moved. */

import { splitJsonObject } from '@modulariot/platform/json'
import type { AssetView } from '../read/assets.ts'
import type { AssetOccurrence } from '../store/store.ts'

export function assetJson({ latest, ...view }: AssetView): string {
  return `${JSON.stringify(view).slice(0, -1)},"latest":${latest}}`
}

/**
 * Sets `asset_id` to the event's asset. A member of that name in the event itself is only in the
 * report.
 */
export function eventJson({
  asset_id,
  payload,
}: Pick<AssetOccurrence, 'asset_id' | 'payload'>): string {
  const members = splitJsonObject(payload)
  members.set('asset_id', `"asset_id":${JSON.stringify(asset_id)}`)
  return `{${[...members.values()].join(',')}}`
}
