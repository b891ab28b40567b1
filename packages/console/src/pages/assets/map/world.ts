/**
 * The countries, from `world-atlas` (Natural Earth, public domain), drawn once into paths of the
 * Mercator square: a frame of the map then only moves and stretches them. Loaded when a map shows.
 */

import { type GeoContext, geoMercator, geoPath } from 'd3-geo'
import { feature, mesh } from 'topojson-client'
import type { GeometryCollection, Topology } from 'topojson-specification'
import { language } from '../../../texts/index.ts'
import { countryCode } from './countries.ts'
import { largestOf } from './largest.ts'
import type { Point } from './view.ts'

/** Units of the paths across the whole earth. */
export const WORLD_UNITS = 1024

export interface World {
  readonly land: Path2D
  readonly borders: Path2D
  readonly names: readonly CountryName[]
}

export interface CountryName extends Point {
  readonly name: string
  /** Of the largest part, as a share of the earth's. */
  readonly width: number
}

type Countries = Topology<{
  countries: GeometryCollection<{ name: string }>
  land: GeometryCollection
}>

const LOADERS = {
  coarse: () => import('world-atlas/countries-110m.json'),
  fine: () => import('world-atlas/countries-50m.json'),
} as const

export type Detail = keyof typeof LOADERS

const loaded = new Map<Detail, Promise<World>>()

export function loadWorld(detail: Detail): Promise<World> {
  const known = loaded.get(detail)
  if (known !== undefined) return known
  const loading = LOADERS[detail]().then((atlas) =>
    worldOf((atlas.default ?? atlas) as unknown as Countries),
  )
  loaded.set(detail, loading)
  // A chunk that did not arrive is asked for again by the next map.
  loading.catch(() => loaded.delete(detail))
  return loading
}

function worldOf(atlas: Countries): World {
  const projection = geoMercator()
    .scale(WORLD_UNITS / (2 * Math.PI))
    .translate([WORLD_UNITS / 2, WORLD_UNITS / 2])
  // A path is begun when it is made; d3 itself never begins one.
  const draw = (path: Path2D) => geoPath(projection, path as unknown as GeoContext)
  const land = new Path2D()
  const borders = new Path2D()
  draw(land)(feature(atlas, atlas.objects.land))
  draw(borders)(mesh(atlas, atlas.objects.countries, (one, other) => one !== other))
  return { land, borders, names: namesOf(atlas, geoPath(projection)) }
}

function namesOf(atlas: Countries, path: ReturnType<typeof geoPath>): readonly CountryName[] {
  const words = new Intl.DisplayNames(language, { type: 'region' })
  return feature(atlas, atlas.objects.countries).features.map((country) => {
    const { geometry, properties, id } = country
    const parts =
      geometry.type === 'MultiPolygon'
        ? geometry.coordinates.map((coordinates) => ({ type: 'Polygon' as const, coordinates }))
        : [geometry]
    const largest = largestOf(parts, path.area)
    const [x, y] = path.centroid(largest)
    const [[left], [right]] = path.bounds(largest)
    const code = countryCode(String(id))
    return {
      name: (code === null ? undefined : words.of(code)) ?? properties.name,
      x: x / WORLD_UNITS,
      y: y / WORLD_UNITS,
      width: (right - left) / WORLD_UNITS,
    }
  })
}
