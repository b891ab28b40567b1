/**
 * How the operator's map is drawn. Tiles of Protomaps have a style of their own; those of any other
 * schema, such as OpenMapTiles, are drawn by the names of their layers. Letters come from the
 * reader's fonts, and there are no icons: either would be a request for a file that we lack.
 */

import { layers, namedFlavor } from '@protomaps/basemaps'
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'
import type { Colours } from './colours.ts'

/** Tile types of PMTiles, version 3, that are not images. */
const VECTOR_TYPES: readonly number[] = [1]
/** What all tiles of Protomaps have. */
const PROTOMAPS = ['earth', 'water', 'roads']
const SOURCE = 'archive'

export interface Archive {
  /** With the scheme that MapLibre reads it by. */
  readonly url: string
  readonly tileType: number
  readonly layers: readonly VectorLayer[]
}

export interface VectorLayer {
  readonly id: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface Look {
  readonly colours: Colours
  readonly isDark: boolean
  readonly language: string
}

export function styleOf(archive: Archive, look: Look): StyleSpecification {
  const { sea } = look.colours
  const isVector = VECTOR_TYPES.includes(archive.tileType)
  const source = isVector
    ? { type: 'vector' as const, url: archive.url }
    : { type: 'raster' as const, url: archive.url, tileSize: 256 }
  const background: LayerSpecification = {
    ...{ id: 'beyond', type: 'background', paint: { 'background-color': sea } },
  }
  return {
    version: 8,
    sources: { [SOURCE]: source },
    layers: [background, ...(isVector ? vectorLayers(archive, look) : [IMAGES])],
  }
}

const IMAGES: LayerSpecification = { id: 'images', type: 'raster', source: SOURCE }

function vectorLayers(archive: Archive, look: Look): readonly LayerSpecification[] {
  const names = archive.layers.map(({ id }) => id)
  if (!PROTOMAPS.every((name) => names.includes(name))) {
    return archive.layers.flatMap((layer) => plainLayers(layer, look))
  }
  const flavor = namedFlavor(look.isDark ? 'dark' : 'light')
  return layers(SOURCE, flavor, { lang: look.language }).filter((layer) => {
    const drawn = 'source-layer' in layer ? String(layer['source-layer']) : null
    if (drawn !== null && !names.includes(drawn)) return false
    return layer.type !== 'symbol' || !('icon-image' in (layer.layout ?? {}))
  })
}

/** Areas, lines and names of one layer, below each other in this order. */
function plainLayers({ id, fields = {} }: VectorLayer, look: Look): readonly LayerSpecification[] {
  const { land, sea, border, country, halo } = look.colours
  const isWater = /water|ocean|sea|lake/i.test(id)
  const of = { source: SOURCE, 'source-layer': id }
  const only = (kind: string) =>
    ['==', ['geometry-type'], kind] as ['==', ['geometry-type'], string]
  const area: LayerSpecification = {
    ...{ id: `${id} area`, type: 'fill', ...of, filter: only('Polygon') },
    paint: { 'fill-color': isWater ? sea : land, 'fill-opacity': isWater ? 1 : 0.6 },
  }
  const line: LayerSpecification = {
    ...{ id: `${id} line`, type: 'line', ...of, filter: only('LineString') },
    paint: { 'line-color': isWater ? sea : border, 'line-width': 1 },
  }
  if (!Object.hasOwn(fields, 'name')) return [area, line]
  const name: LayerSpecification = {
    ...{ id: `${id} name`, type: 'symbol', ...of, filter: only('Point') },
    layout: {
      'text-field': ['coalesce', ['get', `name:${look.language}`], ['get', 'name']],
      'text-size': 12,
    },
    paint: { 'text-color': country, 'text-halo-color': halo, 'text-halo-width': 1 },
  }
  return [area, line, name]
}
