/** Lines of refusals; each opens one, at an address of its own. */

import { Link } from '@tanstack/react-router'
import { ChevronRight } from 'lucide-react'
import type { RefusedRequest } from '../api/admin.ts'
import { useHere } from '../state/session.ts'
import { t } from '../texts/index.ts'
import { Badge } from '../ui/panel.tsx'
import { Time } from '../ui/time.tsx'
import { ApplicationName } from './application-name.tsx'
import { kindTexts } from './kinds.ts'
import type { Period } from './queries.ts'

export interface ActivitySearch {
  /** Default: 7 days. */
  readonly period?: Period | undefined
  readonly kind?: string | undefined
  readonly client?: string | undefined
  /** The one that is open. */
  readonly refusal?: string | undefined
}

export function RefusalRows(props: {
  readonly refusals: readonly RefusedRequest[]
  /** Kept while one is opened. */
  readonly search: ActivitySearch
  /** Without the application, which is known from around it. */
  readonly ofOne?: boolean
}) {
  const { refusals, search, ofOne = false } = props
  const { org_id: org, environment } = useHere()
  return (
    <ul className="divide-y divide-line">
      {refusals.map(({ id, at, kind, endpoint, address, client_id, times }) => (
        <li key={id}>
          <Link
            to="/$org/$environment/activity"
            params={{ org, environment }}
            search={{ ...search, refusal: id }}
            resetScroll={false}
            className="flex items-center gap-3 px-4 py-2.5 hover:bg-hover"
          >
            <span className="grid min-w-0 flex-1 gap-x-4 gap-y-0.5 sm:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
              <span className="flex min-w-0 items-center gap-2">
                <span className="truncate font-medium">{kindTexts(kind).name}</span>
                {times > 1 && <Badge tone="warn">{t.requests.times(times)}</Badge>}
              </span>
              <span className="truncate text-[0.8125rem]">
                {!ofOne && (
                  <>
                    <ApplicationName client_id={client_id as string | null} />{' '}
                    <span className="text-muted">·</span>{' '}
                  </>
                )}
                <span className="text-muted">
                  {endpoint} · {address}
                </span>
              </span>
            </span>
            <span className="shrink-0 text-right text-xs text-muted sm:w-28">
              <Time at={at} />
            </span>
            <ChevronRight aria-hidden className="size-4 shrink-0 text-muted" />
          </Link>
        </li>
      ))}
    </ul>
  )
}
