/** The secrets, when and from where each was last used, and how a rotation goes. */

import { useQuery } from '@tanstack/react-query'
import { KeyRound, RotateCw } from 'lucide-react'
import type { Client, SecretUse } from '../../api/admin.ts'
import { usageQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Badge, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { useDialogName } from './dialog-name.ts'

/** A secret that has been silent for this long may be ended without a second thought. */
const SILENT_MS = 86_400_000

export function Secrets({ client }: { readonly client: Client }) {
  const here = useHere()
  const usage = useQuery(usageQuery(here, client.client_id))
  const [, open] = useDialogName()
  const secrets = (usage.data?.secrets ??
    client.secrets.map((one) => ({ ...one, used: null }))) as readonly SecretUse[]
  const refused = here.refusal('clients:write')
  return (
    <Panel
      title={t.secrets.title}
      about={t.secrets.about}
      flush
      actions={
        <>
          <Button size="small" refused={refused} onClick={() => open('add-secret')}>
            {t.secrets.add}
          </Button>
          <Button size="small" look="primary" refused={refused} onClick={() => open('rotate')}>
            <RotateCw aria-hidden className="size-3.5" />
            {t.secrets.rotate}
          </Button>
        </>
      }
    >
      {usage.error && <Failure error={usage.error} retry={() => usage.refetch()} />}
      {secrets.length === 0 && (
        <Empty icon={KeyRound} title={t.secrets.none} about={t.secrets.noneAbout} />
      )}
      <ul className="divide-y divide-line">
        {secrets.map((secret) => (
          <SecretRow key={secret.secret_id} secret={secret} only={secrets.length === 1} />
        ))}
      </ul>
    </Panel>
  )
}

interface Used {
  readonly last_used_at: string
  readonly address: string
  readonly user_agent: string | null
}

function SecretRow({ secret, only }: { readonly secret: SecretUse; readonly only: boolean }) {
  const here = useHere()
  const [, open] = useDialogName()
  const used = secret.used as Used | null
  const ends = secret.expires_at as string | null
  const ended = ends !== null && Date.parse(ends) <= Date.now()
  const silent = used === null || Date.now() - Date.parse(used.last_used_at) > SILENT_MS
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {secret.label || t.secrets.unnamed}
          {ended && <Badge tone="neutral">{t.secrets.ended}</Badge>}
          {!ended && ends !== null && (
            <Badge tone="warn">
              {t.secrets.ends} <Time at={ends} />
            </Badge>
          )}
        </p>
        <p className="text-xs text-muted wrap-anywhere">
          <code className="font-mono">{secret.secret_id}</code>
          {typeof secret.hint === 'string' && (
            <>
              {' · '}
              {t.secrets.hint} <code className="font-mono text-text">{secret.hint}</code>
            </>
          )}
        </p>
        <p className="mt-1 text-xs text-muted">
          {used === null ? (
            t.secrets.neverUsed
          ) : (
            <>
              {t.secrets.lastUsed} <Time at={used.last_used_at} /> {t.secrets.from}{' '}
              <code className="font-mono">{used.address}</code>
              {used.user_agent !== null && <> · {used.user_agent.slice(0, 80)}</>}
            </>
          )}
          {' · '}
          {t.secrets.created} <Time at={secret.created_at} />
        </p>
      </div>
      {!ended && (
        <Button
          size="small"
          look={silent && !only ? 'danger' : 'plain'}
          refused={here.refusal('clients:write')}
          onClick={() => open(`end-${secret.secret_id}`)}
        >
          {t.secrets.endNow}
        </Button>
      )}
    </li>
  )
}
