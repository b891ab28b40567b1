/**
 * The operator's map, drawn by MapLibre below the canvas with the places. It takes no pointer and
 * no key: the canvas does, and tells it where to look. Loaded only where there is such a map.
 */

import 'maplibre-gl/dist/maplibre-gl.css'
import { addProtocol, Map as MapLibre, setWorkerUrl } from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'
import { PMTiles, Protocol } from 'pmtiles'
import { type Archive, type Look, styleOf, type VectorLayer } from './base-style.ts'
import { degreesOf, type View } from './view.ts'

/** MapLibre's zoom 0 is the earth on a tile of so many pixels. */
const TILE_PIXELS = 512

export interface BaseMap {
  /** Who made the map; empty when the archive does not say. */
  readonly attribution: string
  look(look: Look): void
  show(view: View): void
  remove(): void
}

const protocol = new Protocol()
setWorkerUrl(workerUrl)
addProtocol('pmtiles', protocol.tile)

/**
 * @param path of the archive on this server.
 * @returns when its first tiles are drawn.
 * @throws Error when the archive cannot be read, or the browser has no WebGL.
 */
export async function openBaseMap(
  container: HTMLElement,
  path: string,
  look: Look,
  view: View,
): Promise<BaseMap> {
  const address = new URL(path, location.href).href
  const file = new PMTiles(address)
  protocol.add(file)
  const [{ tileType }, metadata] = await Promise.all([file.getHeader(), file.getMetadata()])
  const { vector_layers = [], attribution = '' } = metadata as {
    readonly vector_layers?: readonly VectorLayer[]
    readonly attribution?: string
  }
  const archive: Archive = { url: `pmtiles://${address}`, tileType, layers: vector_layers }
  const map = new MapLibre({
    ...{ container, style: styleOf(archive, look), ...cameraOf(view) },
    ...{ interactive: false, attributionControl: false, minZoom: -2, maxZoom: 24 },
    // `view.ts` alone decides what can be looked at.
    transformConstrain: (center, zoom) => ({ center, zoom }),
    ...{ renderWorldCopies: false, fadeDuration: 0 },
  })
  await new Promise((resolve) => map.once('load', resolve))
  return {
    attribution: textOf(attribution),
    look: (changed) => void map.setStyle(styleOf(archive, changed), { diff: true }),
    show(to) {
      map.jumpTo(cameraOf(to))
      // In this frame, or the map would follow its places by one.
      map.redraw()
    },
    remove: () => map.remove(),
  }
}

function cameraOf(view: View) {
  const { latitude, longitude } = degreesOf(view)
  return {
    center: [longitude, latitude] as [number, number],
    zoom: Math.log2(view.width / TILE_PIXELS),
  }
}

/** The archive's maker writes HTML; the page shows its words. */
function textOf(html: string): string {
  return new DOMParser().parseFromString(html, 'text/html').body.textContent?.trim() ?? ''
}
