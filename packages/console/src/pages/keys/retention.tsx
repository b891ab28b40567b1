/** How long data is kept. The settings are the operator's: the page says where each is set. */

import { useQuery } from '@tanstack/react-query'
import { Clock } from 'lucide-react'
import { retentionQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Code } from '../../ui/code.tsx'
import { Panel } from '../../ui/panel.tsx'
import { miotOf } from '../../ui/shell-words.ts'

export function Retention() {
  const here = useHere()
  const refusal = here.refusal('audit:read')
  const { data, error, isPending, refetch } = useQuery({
    ...retentionQuery(here),
    enabled: refusal === null,
  })
  const { retention: text } = t.keys
  return (
    <Panel title={text.title} about={text.about} flush>
      {refusal !== null && <Empty icon={Clock} title={t.failures.forbiddenTitle} about={refusal} />}
      {refusal === null && isPending && <Loading />}
      {error && <Failure error={error} retry={() => refetch()} />}
      {data !== undefined && (
        <ul className="divide-y divide-line">
          {data.telemetry !== null && (
            <Row
              name={text.telemetry}
              days={data.telemetry.days}
              where={data.telemetry.own_days === null ? text.installation : text.own}
              setting="MIOT_RETENTION_DAYS"
              miot={miotOf('orgs', 'retention', here.org_id, '--days', '90')}
            />
          )}
          <Row
            name={text.trail}
            days={data.trail_days}
            where={text.installation}
            setting="MIOT_AUDIT_RETENTION_DAYS"
          />
          <Row
            name={text.activity}
            days={data.activity_days}
            where={text.installation}
            setting="MIOT_ACTIVITY_RETENTION_DAYS"
          />
        </ul>
      )}
    </Panel>
  )
}

function Row(props: {
  readonly name: string
  /** Null: without end. */
  readonly days: number | null
  readonly where: string
  readonly setting: string
  /** Changes it for this organization alone. */
  readonly miot?: string
}) {
  const { name, days, where, setting, miot } = props
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap justify-between gap-x-4 gap-y-1">
        <span>{name}</span>
        <span className="font-medium">
          {days === null ? t.keys.retention.forever : t.units.days(days)}
        </span>
      </div>
      <p className="text-xs text-muted">
        {where} <code className="font-mono wrap-anywhere">{setting}</code>
      </p>
      {miot !== undefined && (
        <div className="mt-2 flex flex-col gap-1.5 text-xs text-muted">
          {t.keys.retention.forOrganization}
          <Code text={miot} label="miot" />
        </div>
      )}
    </li>
  )
}
