/**
 * Writes assets and events as JSON, what was reported unchanged: no number rounded, no field moved.
 */

import { splitJsonObject } from '@modulariot/platform/json'
import type { AssetView } from '../read/assets.ts'
import type { AssetOccurrence } from '../store/store.ts'

export function assetJson({ latest, ...view }: AssetView): string {
  return `${JSON.stringify(view).slice(0, -1)},"latest":${latest}}`
}

/** Whose it is, we say: a member of that name which the event has itself is only in the report. */
export function eventJson({
  asset_id,
  payload,
}: Pick<AssetOccurrence, 'asset_id' | 'payload'>): string {
  const members = splitJsonObject(payload)
  members.set('asset_id', `"asset_id":${JSON.stringify(asset_id)}`)
  return `{${[...members.values()].join(',')}}`
}
