/** One frame of the map, on a canvas. */

import { t } from '../../../texts/index.ts'
import { AGES } from './ages.ts'
import { type Cluster, type Place, radiusOf } from './clusters.ts'
import type { Colours } from './colours.ts'
import {
  degreesOf,
  fromScreen,
  gridStep,
  type Point,
  pointOf,
  type Size,
  toScreen,
  type View,
} from './view.ts'
import { type CountryName, WORLD_UNITS, type World } from './world.ts'

export interface Scene {
  readonly world: World | null
  /** A map below the canvas is seen in place of the world. */
  readonly isOnMap: boolean
  readonly clusters: readonly Cluster[]
  /** In order of time; a gap begins another part. */
  readonly trail: readonly (readonly Point[])[]
  readonly selected: string | null
  /** The place that the pointer, or a chart beside the map, is at. */
  readonly pointed: Point | null
}

const FONT = 'ui-sans-serif, system-ui, sans-serif'
/** With more names than this in sight they would cover each other. */
const MAX_NAMED = 25

export function draw(
  context: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  size: Size,
  colours: Colours,
): void {
  const ratio = context.canvas.width / size.width
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  if (scene.isOnMap) context.clearRect(0, 0, size.width, size.height)
  else drawEarth(context, scene.world, view, size, colours, ratio)
  drawTrail(context, scene.trail, view, size, colours)
  drawClusters(context, scene, view, size, colours)
  if (scene.pointed !== null) {
    const at = toScreen(scene.pointed, view, size)
    dot(context, at, 6, colours.accent, colours.halo)
  }
}

function drawEarth(
  context: CanvasRenderingContext2D,
  world: World | null,
  view: View,
  size: Size,
  colours: Colours,
  ratio: number,
): void {
  context.fillStyle = colours.sea
  context.fillRect(0, 0, size.width, size.height)
  if (world !== null) drawWorld(context, world, view, size, colours, ratio)
  drawGrid(context, view, size, colours)
  if (world !== null) drawNames(context, world.names, view, size, colours)
}

function drawWorld(
  context: CanvasRenderingContext2D,
  { land, borders }: World,
  view: View,
  size: Size,
  colours: Colours,
  ratio: number,
): void {
  const stretch = view.width / WORLD_UNITS
  const { x, y } = toScreen({ x: 0, y: 0 }, view, size)
  context.setTransform(stretch * ratio, 0, 0, stretch * ratio, x * ratio, y * ratio)
  context.fillStyle = colours.land
  context.fill(land)
  context.lineJoin = 'round'
  context.lineWidth = 1 / stretch
  context.strokeStyle = colours.coast
  context.stroke(land)
  context.strokeStyle = colours.border
  context.stroke(borders)
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
}

function drawGrid(
  context: CanvasRenderingContext2D,
  view: View,
  size: Size,
  { grid, gridText }: Colours,
): void {
  const step = gridStep(view)
  const first = degreesOf(fromScreen({ x: 0, y: size.height }, view, size))
  const last = degreesOf(fromScreen({ x: size.width, y: 0 }, view, size))
  context.strokeStyle = grid
  context.fillStyle = gridText
  context.lineWidth = 1
  context.font = `10px ${FONT}`
  context.textAlign = 'left'
  context.beginPath()
  for (let at = Math.ceil(first.longitude / step); at * step <= last.longitude; at++) {
    const { x } = toScreen(pointOf(0, at * step), view, size)
    context.moveTo(x, 0)
    context.lineTo(x, size.height)
    context.fillText(degrees(at * step, step, t.assets.map.east, t.assets.map.west), x + 3, 11)
  }
  for (let at = Math.ceil(first.latitude / step); at * step <= last.latitude; at++) {
    const { y } = toScreen(pointOf(at * step, 0), view, size)
    context.moveTo(0, y)
    context.lineTo(size.width, y)
    if (y > 24)
      context.fillText(degrees(at * step, step, t.assets.map.north, t.assets.map.south), 4, y - 3)
  }
  context.stroke()
}

function degrees(value: number, step: number, positive: string, negative: string): string {
  const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step))
  const text = Math.abs(value).toFixed(digits)
  return `${text}°${Number(text) === 0 ? '' : value > 0 ? positive : negative}`
}

function drawNames(
  context: CanvasRenderingContext2D,
  names: readonly CountryName[],
  view: View,
  size: Size,
  colours: Colours,
): void {
  context.font = `500 11px ${FONT}`
  context.textAlign = 'center'
  context.fillStyle = colours.country
  for (const country of names) {
    const { x, y } = toScreen(country, view, size)
    if (x < 0 || y < 0 || x > size.width || y > size.height) continue
    const room = country.width * view.width
    if (room < 28 || context.measureText(country.name).width > Math.max(room * 1.3, 44)) continue
    context.fillText(country.name, x, y)
  }
}

function drawTrail(
  context: CanvasRenderingContext2D,
  parts: readonly (readonly Point[])[],
  view: View,
  size: Size,
  { accent, halo }: Colours,
): void {
  if (parts.length === 0) return
  context.beginPath()
  for (const part of parts) {
    let before: Point | null = null
    for (const [index, point] of part.entries()) {
      const at = toScreen(point, view, size)
      if (before === null) context.moveTo(at.x, at.y)
      // Steps that cannot be seen are left out, so that a month stays fluent.
      else if (far(before, at) || index === part.length - 1) context.lineTo(at.x, at.y)
      else continue
      before = at
    }
  }
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.strokeStyle = halo
  context.lineWidth = 5
  context.stroke()
  context.strokeStyle = accent
  context.lineWidth = 2.5
  context.stroke()
  const start = parts[0]?.[0]
  if (start !== undefined) dot(context, toScreen(start, view, size), 4.5, halo, accent)
}

const far = (one: Point, other: Point): boolean =>
  Math.abs(one.x - other.x) + Math.abs(one.y - other.y) > 1.5

function drawClusters(
  context: CanvasRenderingContext2D,
  { clusters, selected }: Scene,
  view: View,
  size: Size,
  colours: Colours,
): void {
  const inSight = clusters
    .map((cluster) => ({ cluster, at: toScreen(cluster, view, size) }))
    .filter(
      ({ at }) => at.x > -40 && at.y > -40 && at.x < size.width + 40 && at.y < size.height + 40,
    )
  const named = inSight.length <= MAX_NAMED
  for (const { cluster, at } of inSight) {
    const [first] = cluster.places
    if (first === undefined) continue
    if (cluster.places.some(({ id }) => id === selected)) {
      disc(context, at, radiusOf(cluster) + 7, colours.accentSoft)
    }
    if (cluster.places.length > 1) drawCluster(context, cluster, at, colours)
    else drawPlace(context, first, at, colours)
    if (named && cluster.places.length === 1) drawName(context, first.id, at, colours)
  }
}

function drawPlace(
  context: CanvasRenderingContext2D,
  { age, heading }: Place,
  at: Point,
  colours: Colours,
): void {
  context.save()
  context.translate(at.x, at.y)
  context.beginPath()
  if (heading !== null && age !== 'silent') {
    // A drop whose tip shows the heading.
    context.rotate((heading * Math.PI) / 180)
    context.moveTo(0, -14)
    context.lineTo(5.6, -3.4)
    context.arc(0, 0, 6.5, -0.55, Math.PI + 0.55)
    context.closePath()
  } else {
    context.arc(0, 0, 6.5, 0, 2 * Math.PI)
  }
  context.lineJoin = 'round'
  context.lineWidth = 3
  context.strokeStyle = colours.halo
  context.stroke()
  context.fillStyle = colours.ages[age]
  context.fill()
  context.restore()
}

/** A ring with the share of each age, and the number in it. */
function drawCluster(
  context: CanvasRenderingContext2D,
  cluster: Cluster,
  at: Point,
  colours: Colours,
): void {
  const radius = radiusOf(cluster)
  const { length } = cluster.places
  disc(context, at, radius + 1.5, colours.halo)
  let from = -Math.PI / 2
  for (const { age } of AGES) {
    const share = cluster.places.filter((place) => place.age === age).length / length
    if (share === 0) continue
    const to = from + share * 2 * Math.PI
    context.beginPath()
    context.arc(at.x, at.y, radius - 1.5, from, to)
    context.strokeStyle = colours.ages[age]
    context.lineWidth = 3.5
    context.lineCap = 'butt'
    context.stroke()
    from = to
  }
  context.fillStyle = colours.text
  context.font = `600 11px ${FONT}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(length > 9999 ? '9999+' : String(length), at.x, at.y + 0.5)
  context.textBaseline = 'alphabetic'
}

function drawName(
  context: CanvasRenderingContext2D,
  name: string,
  at: Point,
  { text, halo }: Colours,
): void {
  const shown = name.length > 18 ? `${name.slice(0, 17)}…` : name
  context.font = `500 11px ${FONT}`
  context.textAlign = 'center'
  context.lineWidth = 3
  context.lineJoin = 'round'
  context.strokeStyle = halo
  context.strokeText(shown, at.x, at.y + 20)
  context.fillStyle = text
  context.fillText(shown, at.x, at.y + 20)
}

function disc(context: CanvasRenderingContext2D, at: Point, radius: number, fill: string): void {
  context.beginPath()
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI)
  context.fillStyle = fill
  context.fill()
}

function dot(
  context: CanvasRenderingContext2D,
  at: Point,
  radius: number,
  fill: string,
  edge: string,
): void {
  disc(context, at, radius, fill)
  context.strokeStyle = edge
  context.lineWidth = 2
  context.stroke()
}
