/** Rows that were refused or got no answer. Thousands of them, so only those in view are drawn. */

import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import { t } from '../../texts/index.ts'
import { Panel } from '../../ui/panel.tsx'
import type { Fault } from './run.ts'

const ROW_PX = 40
const COLUMNS =
  'grid grid-cols-[4rem_minmax(0,1fr)] sm:grid-cols-[5rem_10rem_minmax(0,1fr)] gap-x-4 px-4'

export function Faults({ faults }: { readonly faults: readonly Fault[] }) {
  const box = useRef<HTMLDivElement>(null)
  const rows = useVirtualizer({
    count: faults.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 5,
  })
  return (
    <Panel flush className="overflow-hidden" title={t.imports.faults}>
      <div role="table" aria-label={t.imports.faults} aria-rowcount={faults.length + 1}>
        <div
          role="row"
          className={`${COLUMNS} border-b border-line bg-sunken py-2 text-xs font-medium text-muted`}
        >
          <span role="columnheader">{t.imports.line}</span>
          <span role="columnheader" className="hidden sm:block">
            {t.imports.externalId}
          </span>
          <span role="columnheader">{t.imports.reason}</span>
        </div>
        <div
          ref={box}
          role="rowgroup"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
          tabIndex={0}
          className="max-h-96 overflow-y-auto"
        >
          <div role="presentation" className="relative" style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map(({ index, start, key }) => {
              const { line, external_id, message } = faults[index] as Fault
              return (
                <div
                  key={key}
                  ref={rows.measureElement}
                  data-index={index}
                  role="row"
                  aria-rowindex={index + 2}
                  className={`${COLUMNS} absolute inset-x-0 border-b border-line py-2.5 text-[0.8125rem]`}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <span role="cell" className="font-mono text-xs">
                    {line}
                  </span>
                  <span role="cell" className="hidden truncate font-mono text-xs sm:block">
                    {external_id}
                  </span>
                  <span role="cell" className="wrap-anywhere">
                    {message ?? t.imports.lost}
                  </span>
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </Panel>
  )
}
