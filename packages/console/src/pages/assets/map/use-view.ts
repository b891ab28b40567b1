/** Moves the map: wheel, drag, pinch, keyboard, and by itself to what is to be seen. */

import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { type Point, panned, type Size, type View, zoomed } from './view.ts'

/** Pixels that an arrow key moves the map. */
const STEP = 80
/** Pixels that a pointer may move within a click. */
const CLICK_PIXELS = 4
const GLIDE_MS = 260

const still = matchMedia('(prefers-reduced-motion: reduce)')

export interface Moving {
  readonly view: View
  readonly move: (change: (view: View) => View) => void
  /** Glides there, or jumps where motion is not wanted. */
  readonly glide: (to: View) => void
  /** The map has been moved by hand: it no longer follows by itself. */
  readonly moved: RefObject<boolean>
}

export function useView(start: View): Moving {
  const [view, setView] = useState(start)
  const latest = useRef(view)
  const frame = useRef(0)
  const moved = useRef(false)
  const show = useCallback((next: View) => {
    latest.current = next
    setView(next)
  }, [])
  const move = useCallback(
    (change: (view: View) => View) => {
      cancelAnimationFrame(frame.current)
      moved.current = true
      show(change(latest.current))
    },
    [show],
  )
  const glide = useCallback(
    (to: View) => {
      cancelAnimationFrame(frame.current)
      if (still.matches) return show(to)
      const from = latest.current
      const begun = performance.now()
      const step = (now: number): void => {
        const part = Math.min((now - begun) / GLIDE_MS, 1)
        const eased = 1 - (1 - part) ** 3
        show(between(from, to, eased))
        if (part < 1) frame.current = requestAnimationFrame(step)
      }
      frame.current = requestAnimationFrame(step)
    },
    [show],
  )
  useEffect(() => () => cancelAnimationFrame(frame.current), [])
  return { view, move, glide, moved }
}

/** Each step zooms by the same factor. */
function between(from: View, to: View, part: number): View {
  if (part === 1) return to
  return {
    x: from.x + (to.x - from.x) * part,
    y: from.y + (to.y - from.y) * part,
    width: from.width * (to.width / from.width) ** part,
  }
}

/** @param onClick with a pixel of the canvas; `onHover` also with null, when the pointer leaves. */
export function useGestures(
  canvas: RefObject<HTMLCanvasElement | null>,
  size: Size,
  { move }: Moving,
  on: { readonly click: (at: Point) => void; readonly hover: (at: Point | null) => void },
): void {
  const latest = useRef({ size, on })
  latest.current = { size, on }
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const pointers = new Map<number, Point>()
    let travelled = 0
    const pixelOf = (event: MouseEvent): Point => {
      const { left, top } = element.getBoundingClientRect()
      return { x: event.clientX - left, y: event.clientY - top }
    }
    const listen = {
      wheel(event: WheelEvent) {
        event.preventDefault()
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
        const factor = 2 ** (-Math.max(Math.min(event.deltaY * lines, 240), -240) / 240)
        move((view) => zoomed(view, factor, pixelOf(event), latest.current.size))
      },
      pointerdown(event: PointerEvent) {
        if (event.button !== 0) return
        element.setPointerCapture(event.pointerId)
        pointers.set(event.pointerId, pixelOf(event))
        if (pointers.size === 1) travelled = 0
      },
      pointermove(event: PointerEvent) {
        const before = pointers.get(event.pointerId)
        const at = pixelOf(event)
        if (before === undefined) return latest.current.on.hover(at)
        const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
        pointers.set(event.pointerId, at)
        travelled += Math.hypot(at.x - before.x, at.y - before.y)
        if (travelled < CLICK_PIXELS) return
        const { size } = latest.current
        if (other === undefined) {
          move((view) => panned(view, at.x - before.x, at.y - before.y, size))
        } else {
          const factor = distance(at, other) / Math.max(distance(before, other), 1)
          move((view) => zoomed(view, factor, other, size))
        }
      },
      pointerup(event: PointerEvent) {
        const began = pointers.delete(event.pointerId)
        if (began && pointers.size === 0 && travelled < CLICK_PIXELS) {
          latest.current.on.click(pixelOf(event))
        }
      },
      pointercancel: (event: PointerEvent) => void pointers.delete(event.pointerId),
      pointerleave: () => latest.current.on.hover(null),
      dblclick: (event: MouseEvent) =>
        move((view) => zoomed(view, 2, pixelOf(event), latest.current.size)),
      keydown(event: KeyboardEvent) {
        const change = changeOf(event, latest.current.size)
        if (change === null) return
        event.preventDefault()
        move(change)
      },
    }
    const names = Object.keys(listen) as (keyof typeof listen)[]
    for (const name of names) {
      element.addEventListener(name, listen[name] as (event: Event) => void, { passive: false })
    }
    return () => {
      for (const name of names) {
        element.removeEventListener(name, listen[name] as (event: Event) => void)
      }
    }
  }, [canvas, move])
}

const distance = (one: Point, other: Point): number => Math.hypot(one.x - other.x, one.y - other.y)

function changeOf(event: KeyboardEvent, size: Size): ((view: View) => View) | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null
  const middle = { x: size.width / 2, y: size.height / 2 }
  const [dx, dy] =
    { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[
      event.key
    ] ?? []
  if (dx !== undefined && dy !== undefined) return (view) => panned(view, dx, dy, size)
  const factor = { '+': 2, '=': 2, '-': 0.5 }[event.key]
  return factor === undefined ? null : (view) => zoomed(view, factor, middle, size)
}
