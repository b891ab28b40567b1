/**
 * Places that would cover each other on the map are drawn as one, at the first of them. The
 * clusters belong to a level of zoom, so that dragging the map changes nothing.
 */

import type { Age } from './ages.ts'
import type { Point } from './view.ts'

export interface Place extends Point {
  readonly id: string
  readonly age: Age
  /** Degrees from north. */
  readonly heading: number | null
}

export interface Cluster extends Point {
  readonly places: readonly Place[]
}

/** Past this number of places, fewer and larger clusters keep the map readable. */
const MANY = 150
const APART_PIXELS = { few: 18, many: 44 } as const

/** Whole levels: between two of them the clusters stay. */
export const levelOf = (width: number): number => Math.floor(Math.log2(width))

export function clustersOf(places: readonly Place[], level: number): readonly Cluster[] {
  const pixel = 1 / 2 ** level
  // 1. Places close to each other.
  const single = places.map((place) => ({ x: place.x, y: place.y, places: [place] }))
  const apart = APART_PIXELS[places.length > MANY ? 'many' : 'few'] * pixel
  const close = merged(single, apart, () => apart)
  // 2. Clusters that would cover others: they are larger than a place.
  const touch = (one: Cluster, other: Cluster): number =>
    (radiusOf(one) + radiusOf(other) + 2) * pixel
  const largestFirst = close.toSorted((one, other) => other.places.length - one.places.length)
  const widest = 2 * (radiusOf(largestFirst[0] ?? { places: [] }) + 1) * pixel
  return merged(largestFirst, widest, touch)
}

/** Pixels. */
export function radiusOf({ places }: Pick<Cluster, 'places'>): number {
  return places.length <= 1 ? 7 : 12 + Math.min(Math.log10(places.length) * 5, 14)
}

/**
 * Each joins the first one before it that is nearer than the two may be.
 *
 * @param reach no two that are further apart are compared.
 */
function merged(
  clusters: readonly Cluster[],
  reach: number,
  apart: (one: Cluster, other: Cluster) => number,
): readonly Cluster[] {
  const kept: { seed: Cluster; places: Place[] }[] = []
  const cells = new Map<string, (typeof kept)[number][]>()
  for (const cluster of clusters) {
    const column = Math.floor(cluster.x / reach)
    const row = Math.floor(cluster.y / reach)
    const near = AROUND.flatMap(([dx, dy]) => cells.get(`${column + dx} ${row + dy}`) ?? [])
    const found = near.find(
      ({ seed }) => Math.hypot(seed.x - cluster.x, seed.y - cluster.y) < apart(seed, cluster),
    )
    if (found !== undefined) {
      found.places.push(...cluster.places)
      continue
    }
    const own = { seed: cluster, places: [...cluster.places] }
    kept.push(own)
    const key = `${column} ${row}`
    cells.set(key, [...(cells.get(key) ?? []), own])
  }
  return kept.map(({ seed: { x, y }, places }) => ({ x, y, places }))
}

const AROUND = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => [dx, dy] as const))
