/**
 * A small map in PMTiles, version 3
 * (https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md).
 */

import { GeoJSONVT } from '@maplibre/geojson-vt'
import { fromGeojsonVt } from '@maplibre/vt-pbf'

const HEADER_BYTES = 127
const NOT_COMPRESSED = 1
const VECTOR = 1

/** One tile of the whole earth: land in the west to Greenwich, and a town in Chile. */
export function archiveOf(attribution: string): Buffer {
  const tile = Buffer.from(fromGeojsonVt({ land: tileOf(LAND), place: tileOf(TOWN) }))
  const vector_layers = [
    { id: 'land', fields: {} },
    { id: 'place', fields: { name: 'String' } },
  ]
  const metadata = Buffer.from(JSON.stringify({ attribution, vector_layers }))
  // One entry: its tile is number 0, in a run of 1, with its length, at offset 0 (as offset + 1).
  const directory = Buffer.from([1, 0, 1, ...varint(tile.length), 1])
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('PMTiles\u0003', 'latin1')
  let at = HEADER_BYTES
  const sections = [directory, metadata, Buffer.alloc(0), tile]
  for (const [index, { length }] of sections.entries()) {
    header.writeBigUInt64LE(BigInt(at), 8 + 16 * index)
    header.writeBigUInt64LE(BigInt(length), 16 + 16 * index)
    at += length
  }
  header.set([1, NOT_COMPRESSED, NOT_COMPRESSED, VECTOR, 0, 0], 96)
  for (const [index, degrees] of [-180, -85, 180, 85].entries()) {
    header.writeInt32LE(degrees * 1e7, 102 + 4 * index)
  }
  return Buffer.concat([header, ...sections])
}

const LAND: GeoJSON.Feature = {
  type: 'Feature',
  properties: {},
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [-179, -84],
        [0, -84],
        [0, 84],
        [-179, 84],
        [-179, -84],
      ],
    ],
  },
}

const TOWN: GeoJSON.Feature = {
  type: 'Feature',
  properties: { name: 'Talca' },
  geometry: { type: 'Point', coordinates: [-71.655, -35.427] },
}

function tileOf(feature: GeoJSON.Feature) {
  const tile = new GeoJSONVT({ type: 'FeatureCollection', features: [feature] }).getTile(0, 0, 0)
  if (tile === null) throw new Error('The tile is empty')
  return tile
}

/** In LEB128. */
function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}
