/** How many tokens it got, and whether it keeps them. */

import { useQuery } from '@tanstack/react-query'
import type { Client } from '../../api/admin.ts'
import { usageQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { language, t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Badge, Facts, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

/** From here on a client gets tokens it does not need. */
const WASTEFUL = 1.5

export function Usage({ client }: { readonly client: Client }) {
  const here = useHere()
  const usage = useQuery(usageQuery(here, client.client_id))
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const { data } = usage
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          {t.usage.title}
          {data && data.times_needed >= WASTEFUL && <Badge tone="warn">{t.usage.wasteful}</Badge>}
        </span>
      }
      flush
    >
      {usage.isPending && <Loading />}
      {usage.error && <Failure error={usage.error} retry={() => usage.refetch()} />}
      {data && (
        <Facts
          rows={[
            [t.usage.lastUsed, <Time key="used" at={data.last_used_at as string | null} />],
            [t.usage.lastToken, <Time key="token" at={data.last_issued_at as string | null} />],
            [t.usage.tokens, number.format(data.tokens_issued)],
            [t.usage.perDay, number.format(data.tokens_per_day)],
            [t.usage.early, number.format(data.tokens_early)],
            [t.usage.overQuota, number.format(data.over_quota)],
          ]}
        />
      )}
      {data && data.times_needed >= WASTEFUL && (
        <p className="border-t border-line px-4 py-3 text-xs text-muted">
          {t.usage.wastefulAbout(number.format(data.times_needed))}
        </p>
      )}
    </Panel>
  )
}
