/** The APIs that tokens are issued for, and the keys that sign them. */

import { useQuery } from '@tanstack/react-query'
import { Waypoints } from 'lucide-react'
import type { ReactNode } from 'react'
import { audiencesQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { durationText } from '../../ui/durations.ts'
import { Heading, Panel } from '../../ui/panel.tsx'
import { Retention } from './retention.tsx'
import { SigningKeys } from './signing-keys.tsx'

export function Keys() {
  return (
    <>
      <Heading title={t.nav.keys} about={t.keys.about} />
      <div className="flex flex-col gap-6">
        <Audiences />
        <SigningKeys />
        <Retention />
      </div>
    </>
  )
}

function Audiences() {
  const audiences = useQuery(audiencesQuery(useHere()))
  return (
    <Panel title={t.keys.audiences} about={t.keys.audiencesAbout} flush>
      {audiences.isPending && <Loading />}
      {audiences.error && <Failure error={audiences.error} retry={() => audiences.refetch()} />}
      {audiences.data?.length === 0 && (
        <Empty icon={Waypoints} title={t.keys.noAudiences} about={t.keys.noAudiencesAbout} />
      )}
      <ul className="divide-y divide-line">
        {audiences.data?.map(
          ({ audience, scopes, token_lifetime_seconds, signing_alg, token_typ }) => (
            <li key={audience} className="px-4 py-3">
              <div className="flex items-center gap-1 font-medium wrap-anywhere">
                {audience}
                <CopyButton text={audience} label={t.common.copyName(t.fields.audience)} />
              </div>
              <p className="text-xs text-muted">
                {t.fields.tokenLifetime}: {durationText(token_lifetime_seconds)} ·{' '}
                {String(signing_alg)} · {String(token_typ)}
              </p>
              <div className="mt-1.5 flex flex-wrap gap-1">
                {scopes.map((scope) => (
                  <Small key={scope}>{scope}</Small>
                ))}
              </div>
            </li>
          ),
        )}
      </ul>
    </Panel>
  )
}

const Small = ({ children }: { children: ReactNode }) => (
  <code className="rounded border border-line bg-sunken px-1.5 py-0.5 font-mono text-xs text-muted">
    {children}
  </code>
)
