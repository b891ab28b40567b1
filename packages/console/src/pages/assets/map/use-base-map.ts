/** The operator's map, if the server has one, kept where the view is. */

import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { send } from '../../../api/refusal.ts'
import { language } from '../../../texts/index.ts'
import type { BaseMap } from './base-map.ts'
import { type Colours, isDark } from './colours.ts'
import type { Size, View } from './view.ts'

let asked: Promise<string | null> | null = null

/** The path of the archive, or null. A failed question is asked again by the next map. */
function archivePath(): Promise<string | null> {
  asked ??= send('/console/map.json')
    .then((response) => response.json())
    .then(({ archive }: { archive: string | null }) => archive)
    .catch(() => {
      asked = null
      return null
    })
  return asked
}

/** Null: there is none, or not yet; then the canvas draws the countries. */
export function useBaseMap(
  container: React.RefObject<HTMLElement | null>,
  view: View,
  size: Size,
  colours: Colours,
): BaseMap | null {
  const [map, setMap] = useState<BaseMap | null>(null)
  const now = useRef({ view, colours })
  now.current = { view, colours }
  useEffect(() => {
    let current = true
    let opened: BaseMap | null = null
    const open = async (): Promise<void> => {
      const path = await archivePath()
      if (path === null || !current || container.current === null) return
      const { openBaseMap } = await import('./base-map.ts')
      if (!current || container.current === null) return
      opened = await openBaseMap(
        container.current,
        path,
        lookOf(now.current.colours),
        now.current.view,
      )
      if (current) setMap(opened)
      else opened.remove()
    }
    // The countries remain.
    open().catch((error: unknown) => console.warn('The map of MIOT_CONSOLE_MAP:', error))
    return () => {
      current = false
      opened?.remove()
    }
  }, [container])
  useEffect(() => map?.look(lookOf(colours)), [map, colours])
  // biome-ignore lint/correctness/useExhaustiveDependencies: its container has another size
  useLayoutEffect(() => map?.show(view), [map, view, size])
  return map
}

const lookOf = (colours: Colours) => ({ colours, isDark: isDark(colours), language })
