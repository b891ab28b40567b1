/** The rows of the list of assets; only those near the screen are drawn. */

import { Link } from '@tanstack/react-router'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Time } from '../../ui/time.tsx'
import { ageOf } from './map/ages.ts'
import { Dot } from './marks.tsx'
import type { Newest } from './readings/fleet.ts'
import { speedText } from './readings/words.ts'

const ROW_PX = 56

interface RowProps {
  readonly now: number
  /** The row that the pointer or the keyboard is at, for the map. */
  readonly onPoint: (asset_id: string | null) => void
}

export function AssetRows(
  props: RowProps & { readonly assets: readonly Newest[]; readonly isLoading: boolean },
) {
  const { assets, isLoading, now, onPoint } = props
  const body = useRef<HTMLUListElement>(null)
  const rows = useWindowVirtualizer({
    count: assets.length,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: body.current?.offsetTop ?? 0,
    getItemKey: (index) => assets[index]?.asset_id ?? index,
  })
  return (
    <>
      <ul
        ref={body}
        aria-label={t.nav.assets}
        className="relative"
        style={{ height: rows.getTotalSize() }}
      >
        {rows.getVirtualItems().map((row) => (
          <li
            key={row.key}
            aria-setsize={assets.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 border-b border-line"
            style={{
              height: ROW_PX,
              transform: `translateY(${row.start - rows.options.scrollMargin}px)`,
            }}
          >
            <Row asset={assets[row.index] as Newest} {...{ now, onPoint }} />
          </li>
        ))}
      </ul>
      {isLoading && (
        <p role="status" className="px-4 py-2 text-xs text-muted">
          {t.common.loading}
        </p>
      )}
    </>
  )
}

function Row({ asset, now, onPoint }: RowProps & { readonly asset: Newest }) {
  const { org_id: org, environment } = useHere()
  const { asset_id, type, at, position } = asset
  const age = ageOf(at, now)
  const point = (): void => onPoint(asset_id)
  const leave = (): void => onPoint(null)
  return (
    <Link
      to="/$org/$environment/assets/$asset_id"
      params={{ org, environment, asset_id }}
      onPointerEnter={point}
      onFocus={point}
      onPointerLeave={leave}
      onBlur={leave}
      className="flex h-full items-center gap-3 px-4 -outline-offset-2 hover:bg-hover"
    >
      <Dot age={age} />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{asset_id}</span>
        <span className="block truncate text-xs text-muted">{type ?? t.assets.noType}</span>
      </span>
      <span className="shrink-0 text-right text-xs text-muted">
        <span className="block text-[0.8125rem] text-text">
          <Time at={new Date(at).toISOString()} />
        </span>
        {position === null
          ? t.assets.noPosition
          : position.speed === null
            ? ' '
            : speedText(position.speed)}
      </span>
    </Link>
  )
}
