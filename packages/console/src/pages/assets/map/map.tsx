/**
 * A map that needs no other server: countries, grid and scale, with places on it, clustered where
 * they would cover each other, or the trail of one.
 */

import { Minus, Plus, Scan } from 'lucide-react'
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { language, t } from '../../../texts/index.ts'
import { classes } from '../../../ui/classes.ts'
import { Hint } from '../../../ui/hint.tsx'
import { type Cluster, clustersOf, levelOf, type Place, radiusOf } from './clusters.ts'
import { useColours } from './colours.ts'
import { draw } from './draw.ts'
import { useBaseMap } from './use-base-map.ts'
import { useGestures, useView } from './use-view.ts'
import { fitted, MAX_WIDTH, type Point, type Size, scaleOf, toScreen, zoomed } from './view.ts'
import { loadWorld, type World } from './world.ts'

/** From here on the coarse coast is seen to be coarse. */
const FINE_WIDTH = 2500

interface MapProps {
  readonly label: string
  readonly places: readonly Place[]
  readonly trail?: readonly (readonly Point[])[]
  readonly pointed?: Point | null
  readonly selected?: string | null
  readonly onSelect?: (id: string | null) => void
  /** What the card at a place says. */
  readonly card?: (place: Place) => ReactNode
  /** When this changes, the map shows everything again. */
  readonly fitKey: string
  /** When this changes, it does so unless the reader has moved it. */
  readonly moreKey?: string
  readonly className?: string
}

export function AssetMap(props: MapProps) {
  const { places, trail = NONE, pointed = null, selected = null, fitKey, moreKey } = props
  const frame = useRef<HTMLDivElement>(null)
  const below = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const size = useSize(frame)
  const colours = useColours()
  const moving = useView(fitted([], size))
  const { view, glide, move, moved } = moving
  const [hovered, setHovered] = useState<Cluster | null>(null)
  const baseMap = useBaseMap(below, view, size, colours)
  const isOnMap = baseMap !== null
  const world = useWorld(view.width > FINE_WIDTH)
  const level = levelOf(view.width)
  const clusters = useMemo(() => clustersOf(places, level), [places, level])
  const all = useRef<() => Iterable<Point>>(() => [])
  all.current = () => [...places, ...trail.flat()]
  // 1. Show everything, until the reader moves the map.
  const shown = useRef('')
  // biome-ignore lint/correctness/useExhaustiveDependencies: there is more to show
  useEffect(() => {
    if (shown.current !== fitKey) moved.current = false
    shown.current = fitKey
    if (!moved.current) glide(fitted(all.current(), size))
  }, [fitKey, moreKey, size, glide, moved])
  // 2. Draw.
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    draw(context, { world, isOnMap, clusters, trail, selected, pointed }, view, size, colours)
  }, [world, isOnMap, clusters, trail, selected, pointed, view, size, colours])
  // 3. Pointer and keyboard.
  const clusterAt = (at: Point): Cluster | null => {
    const near = clusters
      .map((cluster) => {
        const { x, y } = toScreen(cluster, view, size)
        return { cluster, distance: Math.hypot(x - at.x, y - at.y) - radiusOf(cluster) }
      })
      .filter(({ distance }) => distance < 8)
    return near.sort((one, other) => one.distance - other.distance)[0]?.cluster ?? null
  }
  useGestures(canvas, size, moving, {
    hover: (at) => setHovered(at === null ? null : clusterAt(at)),
    click(at) {
      const found = clusterAt(at)
      if (found === null || found.places.length === 1) {
        props.onSelect?.(found?.places[0]?.id ?? null)
        return
      }
      moved.current = true
      const closer = fitted(found.places, size, MAX_WIDTH)
      glide(closer.width > view.width ? closer : zoomed(view, 2, at, size))
    },
  })
  const middle = { x: size.width / 2, y: size.height / 2 }
  const chosen = clusters.find(({ places: [first, second] }) => first?.id === selected && !second)
  const carded = hovered !== null && hovered.places.length === 1 ? hovered : (chosen ?? null)
  return (
    <div ref={frame} className={classes('relative overflow-hidden', props.className)}>
      <div ref={below} aria-hidden className="absolute! inset-0" />
      <canvas
        ref={canvas}
        role="img"
        aria-label={props.label}
        tabIndex={0}
        width={Math.round(size.width * devicePixelRatio)}
        height={Math.round(size.height * devicePixelRatio)}
        className={classes(
          'absolute inset-0 size-full touch-none -outline-offset-2',
          hovered === null ? 'cursor-grab active:cursor-grabbing' : 'cursor-pointer',
        )}
      />
      <div className="absolute right-2 bottom-2 flex flex-col gap-1">
        <MapButton
          label={t.assets.map.zoomIn}
          onClick={() => move((at) => zoomed(at, 2, middle, size))}
        >
          <Plus aria-hidden className="size-4" />
        </MapButton>
        <MapButton
          label={t.assets.map.zoomOut}
          onClick={() => move((at) => zoomed(at, 0.5, middle, size))}
        >
          <Minus aria-hidden className="size-4" />
        </MapButton>
        <MapButton
          label={t.assets.map.fit}
          onClick={() => {
            moved.current = false
            glide(fitted(all.current(), size))
          }}
        >
          <Scan aria-hidden className="size-4" />
        </MapButton>
      </div>
      <ScaleBar {...scaleOf(view)} />
      {baseMap !== null && baseMap.attribution !== '' && (
        <p className="pointer-events-none absolute right-12 bottom-2 rounded bg-raised/85 px-1.5 py-0.5 text-[0.6875rem] text-text">
          {baseMap.attribution}
        </p>
      )}
      {carded !== null && props.card !== undefined && (
        <Card
          cluster={carded}
          at={toScreen(carded, view, size)}
          size={size}
          card={props.card}
          pinned={carded === chosen}
        />
      )}
    </div>
  )
}

const NONE: readonly (readonly Point[])[] = []

function MapButton(props: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <Hint text={props.label}>
      <button
        type="button"
        aria-label={props.label}
        onClick={props.onClick}
        className="grid size-8 place-items-center rounded-md border border-line-strong bg-raised text-text shadow-panel hover:bg-hover"
      >
        {props.children}
      </button>
    </Hint>
  )
}

function ScaleBar({ metres, pixels }: { readonly metres: number; readonly pixels: number }) {
  const kilometres = metres >= 1000
  const text = new Intl.NumberFormat(language, {
    style: 'unit',
    unit: kilometres ? 'kilometer' : 'meter',
  }).format(kilometres ? metres / 1000 : metres)
  return (
    <div className="pointer-events-none absolute bottom-2 left-2 rounded bg-raised/85 px-1.5 py-0.5 text-[0.6875rem] text-text">
      {text}
      <div className="h-1.5 border-x border-b border-text" style={{ width: pixels }} />
    </div>
  )
}

/** Pixels of half a card, and its distance from the edge. */
const HALF = 120

/** Beside its place, within the map. */
function Card(props: {
  readonly cluster: Cluster
  readonly at: Point
  readonly size: Size
  readonly card: (place: Place) => ReactNode
  /** Its links can be used; one that the pointer brought would leave under the pointer. */
  readonly pinned: boolean
}) {
  const { at, size } = props
  const [place] = props.cluster.places
  if (place === undefined || at.x < 0 || at.y < 0 || at.x > size.width || at.y > size.height) {
    return null
  }
  const left = Math.min(Math.max(at.x, HALF), Math.max(size.width - HALF, HALF))
  const below = at.y < 110
  return (
    <div
      className="pointer-events-none absolute w-56"
      style={{
        left,
        top: at.y + (below ? 28 : -14),
        transform: `translate(-50%, ${below ? '0' : '-100%'})`,
      }}
    >
      <div
        className={classes(
          'rounded-md border border-line-strong bg-raised px-3 py-2 text-xs shadow-float',
          props.pinned && 'pointer-events-auto',
        )}
      >
        {props.card(place)}
      </div>
    </div>
  )
}

function useSize(frame: React.RefObject<HTMLDivElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 600, height: 400 })
  useLayoutEffect(() => {
    const element = frame.current
    if (element === null) return
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element
      setSize((before) =>
        before.width === width && before.height === height ? before : { width, height },
      )
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [frame])
  return size
}

/** The coarse countries at once; the fine ones from when they would be seen. */
function useWorld(fine: boolean): World | null {
  const [world, setWorld] = useState<World | null>(null)
  useEffect(() => {
    let current = true
    loadWorld('coarse')
      .then(async (coarse) => {
        if (current) setWorld((before) => before ?? coarse)
        const finer = fine ? await loadWorld('fine') : null
        if (current && finer !== null) setWorld(finer)
      })
      // Without countries the places, the grid and the scale remain.
      .catch(() => {})
    return () => {
      current = false
    }
  }, [fine])
  return world
}
