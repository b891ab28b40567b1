/** Writes assets as JSON, what they reported unchanged: no number rounded, no field moved. */

import type { AssetList, AssetView } from '../track/query.ts'

export function assetJson({ latest, ...view }: AssetView): string {
  return `${JSON.stringify(view).slice(0, -1)},"latest":${latest}}`
}

export function assetListJson({ assets, next_cursor }: AssetList): string {
  const items = assets.map(assetJson).join(',')
  return `{"assets":[${items}],"next_cursor":${JSON.stringify(next_cursor)}}`
}
