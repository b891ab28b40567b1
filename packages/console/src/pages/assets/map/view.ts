/**
 * Where on the earth the map looks. Places are points of the Mercator square: x and y from 0 to 1,
 * from the north-west. A view is its centre, and the pixels that the whole square takes.
 */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface View extends Point {
  /** Pixels of the whole earth's width. */
  readonly width: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** Mercator has no poles. */
const MAX_LATITUDE = 85.05
/** Metres of the equator. */
const EQUATOR = 40_075_017
/** About one metre a pixel. */
export const MAX_WIDTH = 2 ** 25

export function pointOf(latitude: number, longitude: number): Point {
  const clamped = Math.min(Math.max(latitude, -MAX_LATITUDE), MAX_LATITUDE)
  const angle = (clamped * Math.PI) / 180
  return {
    x: (longitude + 180) / 360,
    y: 0.5 - Math.log(Math.tan(Math.PI / 4 + angle / 2)) / (2 * Math.PI),
  }
}

export function degreesOf({ x, y }: Point): {
  readonly latitude: number
  readonly longitude: number
} {
  const angle = 2 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - Math.PI / 2
  return { latitude: (angle * 180) / Math.PI, longitude: x * 360 - 180 }
}

export function toScreen(point: Point, view: View, size: Size): Point {
  return {
    x: (point.x - view.x) * view.width + size.width / 2,
    y: (point.y - view.y) * view.width + size.height / 2,
  }
}

export function fromScreen(at: Point, view: View, size: Size): Point {
  return {
    x: (at.x - size.width / 2) / view.width + view.x,
    y: (at.y - size.height / 2) / view.width + view.y,
  }
}

/** Keeps the earth in sight. */
export function within(view: View, size: Size): View {
  const least = Math.max(size.width, size.height * 0.9, 1)
  const width = Math.min(Math.max(view.width, least), MAX_WIDTH)
  const marginX = Math.min(size.width / width / 2, 0.5)
  const marginY = Math.min(size.height / width / 2, 0.5)
  const between = (value: number, margin: number): number =>
    Math.min(Math.max(value, margin), 1 - margin)
  return { x: between(view.x, marginX), y: between(view.y, marginY), width }
}

export function panned(view: View, dx: number, dy: number, size: Size): View {
  const { x, y, width } = view
  return within({ x: x - dx / width, y: y - dy / width, width }, size)
}

/** @param at the pixel that stays where it is. */
export function zoomed(view: View, factor: number, at: Point, size: Size): View {
  const fixed = fromScreen(at, view, size)
  const { width } = within({ ...view, width: view.width * factor }, size)
  return within(
    {
      x: fixed.x - (at.x - size.width / 2) / width,
      y: fixed.y - (at.y - size.height / 2) / width,
      width,
    },
    size,
  )
}

/** Pixels kept free around what is shown. */
const PADDING = 48
/** A single place is shown with its surroundings: about 200 km on a screen. */
const CLOSEST_FIT = 2 ** 17

/** The view that shows all points; without any, the whole earth. */
export function fitted(points: Iterable<Point>, size: Size, closest = CLOSEST_FIT): View {
  let [left, top, right, bottom] = [1, 1, 0, 0]
  for (const { x, y } of points) {
    left = Math.min(left, x)
    right = Math.max(right, x)
    top = Math.min(top, y)
    bottom = Math.max(bottom, y)
  }
  if (right < left) return within({ x: 0.5, y: 0.45, width: 0 }, size)
  const room = (pixels: number): number => Math.max(pixels - 2 * PADDING, 40)
  const width = Math.min(
    room(size.width) / Math.max(right - left, 1e-9),
    room(size.height) / Math.max(bottom - top, 1e-9),
    closest,
  )
  return within({ x: (left + right) / 2, y: (top + bottom) / 2, width }, size)
}

/** A round length, and the pixels that it takes in the middle of the map. */
export interface Scale {
  readonly metres: number
  readonly pixels: number
}

export function scaleOf(view: View, maxPixels = 110): Scale {
  const { latitude } = degreesOf(view)
  const perPixel = (EQUATOR * Math.cos((latitude * Math.PI) / 180)) / view.width
  const most = perPixel * maxPixels
  const power = 10 ** Math.floor(Math.log10(most))
  const step = [5, 2, 1].find((times) => times * power <= most) ?? 1
  return { metres: step * power, pixels: (step * power) / perPixel }
}

const STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001] as const

/** Degrees between two lines of the grid: those are at least `minPixels` apart. */
export function gridStep({ width }: View, minPixels = 110): number {
  return STEPS.findLast((degrees) => (degrees / 360) * width >= minPixels) ?? 30
}
