/** The newest values of an asset; those that are numbers can be drawn over time. */

import { ChartLine } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { CopyButton } from '../../ui/copy.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { type ListedAsset, positionOf } from './readings/fleet.ts'
import type { MetricRow } from './readings/queries.ts'
import { placeText, speedText, valueText } from './readings/words.ts'

/** Drawn without being asked for, where the asset reports them. */
const PREFERRED = ['fuel.level', 'engine.rpm', 'battery.voltage', 'engine.coolant_temp']
const PREFERRED_COUNT = 2
/** Each is a request, and a panel. */
const MAX_DRAWN = 6
/** More are shown when asked for. */
const SHOWN = 14

const isDrawable = ({ value }: MetricRow): boolean =>
  typeof value === 'number' || typeof value === 'boolean'

export function preferred(metrics: readonly MetricRow[]): readonly string[] {
  const keys = new Set(metrics.filter(isDrawable).map(({ key }) => key))
  return PREFERRED.filter((key) => keys.has(key)).slice(0, PREFERRED_COUNT)
}

export function NewestValues(props: {
  readonly asset: ListedAsset
  readonly metrics: readonly MetricRow[]
  readonly drawn: readonly string[]
  readonly error: Error | null
  readonly onDraw: (keys: readonly string[]) => void
}) {
  const { asset, metrics, drawn, error, onDraw } = props
  const [all, setAll] = useState(false)
  const position = positionOf(asset.latest, Date.parse(asset.timestamp))
  const place = position && placeText(position.latitude, position.longitude)
  return (
    <Panel title={t.assets.newest} flush>
      <FailureLine error={error} />
      <ul className="divide-y divide-line">
        {place !== null && (
          <Value name={t.assets.position}>
            <span className="flex items-center justify-end gap-1">
              {place}
              <CopyButton
                text={place}
                label={t.common.copyName(t.assets.position)}
                className="-my-1.5"
              />
            </span>
          </Value>
        )}
        {typeof position?.speed === 'number' && (
          <Value name={t.assets.speed}>{speedText(position.speed)}</Value>
        )}
        {metrics.slice(0, all ? undefined : SHOWN).map((metric) => {
          const { key, value, unit, timestamp } = metric
          const on = drawn.includes(key)
          const next = on ? drawn.filter((one) => one !== key) : [...drawn, key]
          return (
            <Value
              key={key}
              name={key}
              about={<Time at={timestamp} />}
              button={
                isDrawable(metric) && (
                  <button
                    type="button"
                    aria-pressed={on}
                    aria-label={t.assets.draw(key)}
                    onClick={() => onDraw(next.slice(-MAX_DRAWN))}
                    className={classes(
                      'grid size-7 shrink-0 place-items-center rounded-md',
                      on ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-hover',
                    )}
                  >
                    <ChartLine aria-hidden className="size-3.5" />
                  </button>
                )
              }
            >
              {valueText(value, unit)}
            </Value>
          )
        })}
      </ul>
      {metrics.length === 0 && place === null && (
        <p className="px-4 py-6 text-center text-muted">{t.assets.noValues}</p>
      )}
      {metrics.length > SHOWN && !all && (
        <div className="border-t border-line p-2 text-center">
          <Button look="quiet" size="small" onClick={() => setAll(true)}>
            {t.assets.allValues(metrics.length)}
          </Button>
        </div>
      )}
    </Panel>
  )
}

function Value(props: {
  readonly name: string
  readonly about?: React.ReactNode
  readonly button?: React.ReactNode
  readonly children: React.ReactNode
}) {
  return (
    <li className="flex items-center gap-2 px-4 py-2">
      <span className="min-w-0 flex-1">
        <span className="block truncate text-[0.8125rem]">{props.name}</span>
        {props.about && <span className="block text-xs text-muted">{props.about}</span>}
      </span>
      <span className="min-w-0 text-right text-[0.8125rem] font-medium wrap-anywhere tabular-nums">
        {props.children}
      </span>
      {props.button}
    </li>
  )
}
