/** Writes assets and events as JSON, what was reported unchanged: no number rounded, no field moved. */

import { splitJsonObject } from '@modulariot/platform/http'
import type { AssetList, AssetView } from '../track/query.ts'
import type { EventList } from '../track/series.ts'

export function assetJson({ latest, ...view }: AssetView): string {
  return `${JSON.stringify(view).slice(0, -1)},"latest":${latest}}`
}

export function assetListJson({ assets, next_cursor }: AssetList): string {
  const items = assets.map(assetJson).join(',')
  return `{"assets":[${items}],"next_cursor":${JSON.stringify(next_cursor)}}`
}

export function eventListJson({ events, next_cursor }: EventList): string {
  return `{"events":[${events.map(eventJson).join(',')}],"next_cursor":${JSON.stringify(next_cursor)}}`
}

/** Whose it is, we say: a member of that name which the event has itself is only in the report. */
function eventJson({ asset_id, payload }: EventList['events'][number]): string {
  const members = splitJsonObject(payload)
  members.set('asset_id', `"asset_id":${JSON.stringify(asset_id)}`)
  return `{${[...members.values()].join(',')}}`
}
