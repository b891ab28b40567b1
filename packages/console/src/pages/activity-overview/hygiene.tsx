/** Applications that need a look, counted by why; each count opens the list filtered. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Hygiene } from '../../api/admin.ts'
import { hygieneQuery } from '../../refusals/queries.ts'
import type { ClientFilters } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { language, t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { classes } from '../../ui/classes.ts'
import { Panel } from '../../ui/panel.tsx'

type Name = 'failing' | 'secret' | 'wasteful' | 'never' | 'idle' | 'removable' | 'disabled'

/** The most urgent first. */
const CARDS: readonly (readonly [Name, keyof Hygiene, ClientFilters, tone: string])[] = [
  ['failing', 'failing', { needs: 'failing' }, 'text-bad'],
  ['secret', 'secret_ends', { needs: 'secret' }, 'text-warn'],
  ['wasteful', 'wasteful', { needs: 'wasteful' }, 'text-warn'],
  ['never', 'never_used', { used: 'never' }, 'text-text'],
  ['idle', 'idle', { used: 'idle' }, 'text-text'],
  ['removable', 'safe_to_remove', { needs: 'removable' }, 'text-text'],
  ['disabled', 'disabled', { status: 'disabled' }, 'text-text'],
]

export function HygieneCards() {
  const here = useHere()
  const hygiene = useQuery(hygieneQuery(here))
  const { title, about, ...texts } = t.requests.hygiene
  const number = new Intl.NumberFormat(language)
  return (
    <Panel title={title} about={hygiene.data && about(hygiene.data.clients)} flush>
      {hygiene.isPending && <Loading />}
      {hygiene.error && <Failure error={hygiene.error} retry={() => hygiene.refetch()} />}
      {hygiene.data && (
        <ul className="grid grid-cols-2 gap-px overflow-hidden rounded-b-lg bg-line sm:grid-cols-4 xl:grid-cols-7">
          {CARDS.map(([name, member, search, tone]) => {
            const count = hygiene.data[member]
            return (
              <li key={name} className="bg-panel last:col-span-2 sm:last:col-span-1">
                <Link
                  to="/$org/$environment/applications"
                  params={{ org: here.org_id, environment: here.environment }}
                  search={search}
                  className="block h-full px-4 py-3 hover:bg-hover"
                >
                  <span
                    className={classes(
                      'block text-xl font-semibold tabular-nums',
                      count === 0 ? 'text-muted' : tone,
                    )}
                  >
                    {number.format(count)}
                  </span>
                  <span className="block text-[0.8125rem] font-medium">{texts[name]}</span>
                  <span className="block text-xs text-muted">{texts[`${name}About`]}</span>
                </Link>
              </li>
            )
          })}
        </ul>
      )}
    </Panel>
  )
}
