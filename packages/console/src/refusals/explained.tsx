/** Cause and remedy of a refusal, in words. */

import type { RefusedRequest } from '../api/admin.ts'
import { t } from '../texts/index.ts'
import { Notice } from '../ui/panel.tsx'
import { Time } from '../ui/time.tsx'
import { kindTexts } from './kinds.ts'

/** In place of what was waited for. */
export function RefusalExplained({ refusal }: { readonly refusal: RefusedRequest }) {
  const { name, cause, remedy } = kindTexts(refusal.kind)
  return (
    <Notice tone="bad">
      <p className="text-xs">
        {t.requests.arrived} {refusal.endpoint} · {refusal.address} · <Time at={refusal.at} />
      </p>
      <p className="mt-1 font-medium">{name}</p>
      <p className="mt-0.5">{cause}</p>
      <p className="mt-1 text-text">{remedy}</p>
      <Detail detail={refusal.detail} />
    </Notice>
  )
}

/** What else is known, such as the audience that was asked for. */
export function Detail({ detail }: { readonly detail: Readonly<Record<string, unknown>> }) {
  const members = Object.entries(detail)
  if (members.length === 0) return null
  return (
    <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 font-mono text-xs text-text">
      {members.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="wrap-anywhere">{textOf(value)}</dd>
        </div>
      ))}
    </dl>
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
