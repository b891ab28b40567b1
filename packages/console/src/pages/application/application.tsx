/** One application: its secrets, what it may do, from where, and how it is used. */

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Ellipsis, Pencil, Power, ShieldOff, Trash2 } from 'lucide-react'
import type { Client } from '../../api/admin.ts'
import { ActivityOfApplication } from '../../refusals/of-application.tsx'
import { clientQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button, buttonClasses } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { lifetimeText } from '../../ui/durations.ts'
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx'
import { Badge, Facts, Heading, Notice, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { useDialogName } from './dialog-name.ts'
import { Dialogs } from './dialogs.tsx'
import { NextToken } from './next-token.tsx'
import { Secrets } from './secrets.tsx'
import { Usage } from './usage.tsx'

export function Application() {
  const here = useHere()
  const { client_id = '' } = useParams({ strict: false })
  const query = useQuery(clientQuery(here, client_id))
  if (query.error) return <Failure error={query.error} retry={() => query.refetch()} />
  if (query.data === undefined) return <Loading lines={8} />
  const client = query.data
  return (
    <>
      <Top client={client} />
      {client.status === 'disabled' && (
        <div className="mb-6">
          <Notice tone="warn">{t.application.isDisabled}</Notice>
        </div>
      )}
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-6">
          <Secrets client={client} />
          <Access client={client} />
          <Addresses client={client} />
          <NextToken client={client} />
          <ActivityOfApplication client_id={client.client_id} />
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <Usage client={client} />
          <About client={client} />
        </div>
      </div>
      <Dialogs client={client} />
    </>
  )
}

function Top({ client }: { readonly client: Client }) {
  const here = useHere()
  const [, open] = useDialogName()
  const params = { org: here.org_id, environment: here.environment }
  const refused = here.refusal('clients:write')
  const active = client.status === 'active'
  return (
    <Heading
      above={
        <Link to="/$org/$environment/applications" params={params} className="hover:text-text">
          ← {t.nav.applications}
        </Link>
      }
      title={
        <span className="flex flex-wrap items-center gap-2.5">
          {client.name}
          <Badge tone={active ? 'good' : 'neutral'}>
            {t.applications.status[client.status as 'active']}
          </Badge>
        </span>
      }
      about={
        <span className="flex items-center gap-1">
          <code className="font-mono text-xs">{client.client_id}</code>
          <CopyButton text={client.client_id} label={t.common.copyName('client_id')} />
        </span>
      }
      actions={
        <>
          <Button onClick={() => open('edit')} refused={refused}>
            <Pencil aria-hidden className="size-3.5" />
            {t.common.edit}
          </Button>
          {refused === null && (
            <Menu
              trigger={
                <button
                  type="button"
                  aria-label={t.application.more}
                  className={buttonClasses('plain', 'icon')}
                >
                  <Ellipsis aria-hidden className="size-4" />
                </button>
              }
            >
              <MenuItem onSelect={() => open('revoke-tokens')}>
                <ShieldOff aria-hidden className="size-4 text-muted" />
                {t.application.revokeTokens}
              </MenuItem>
              <MenuItem onSelect={() => open(active ? 'disable' : 'enable')}>
                <Power aria-hidden className="size-4 text-muted" />
                {active ? t.application.disable : t.application.enable}
              </MenuItem>
              <MenuLine />
              <MenuItem danger onSelect={() => open('delete')}>
                <Trash2 aria-hidden className="size-4" />
                {t.application.delete}
              </MenuItem>
            </Menu>
          )}
        </>
      }
    />
  )
}

function EditButton({ dialog, label }: { readonly dialog: string; readonly label: string }) {
  const { refusal } = useHere()
  const [, open] = useDialogName()
  return (
    <Button
      size="small"
      aria-label={label}
      refused={refusal('clients:write')}
      onClick={() => open(dialog)}
    >
      {t.common.edit}
    </Button>
  )
}

function Access({ client }: { readonly client: Client }) {
  return (
    <Panel
      title={t.application.access}
      about={t.application.accessAbout}
      actions={<EditButton dialog="access" label={t.application.editAccess} />}
      flush
    >
      <ul className="divide-y divide-line">
        {client.grants.map(({ audience, scopes }) => (
          <li key={audience} className="px-4 py-3">
            <p className="flex flex-wrap items-center gap-2 text-[0.8125rem] font-medium wrap-anywhere">
              {audience}
              {audience === client.default_audience && (
                <Badge tone="accent">{t.application.defaultAudience}</Badge>
              )}
            </p>
            <div className="mt-1.5 flex flex-wrap gap-1">
              {scopes.map((scope) => (
                <code
                  key={scope}
                  className="rounded border border-line bg-sunken px-1.5 py-0.5 font-mono text-xs text-muted"
                >
                  {scope}
                </code>
              ))}
              {scopes.length === 0 && (
                <span className="text-xs text-muted">{t.application.noScopes}</span>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

const MODE_TONES = { off: 'neutral', observe: 'warn', enforce: 'good' } as const

function Addresses({ client }: { readonly client: Client }) {
  const { mode, cidrs } = client.allowlist
  const known = mode as keyof typeof MODE_TONES
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">
          {t.allowlist.title}
          <Badge tone={MODE_TONES[known]}>{t.allowlist.modes[known]}</Badge>
        </span>
      }
      about={t.allowlist.about[known]}
      actions={<EditButton dialog="allowlist" label={t.allowlist.edit} />}
    >
      {cidrs.length === 0 ? (
        <p className="text-muted">{t.allowlist.none}</p>
      ) : (
        <ul className="flex flex-wrap gap-1.5">
          {cidrs.map((cidr) => (
            <li
              key={cidr}
              className="rounded border border-line bg-sunken px-1.5 py-0.5 font-mono text-xs"
            >
              {cidr}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function About({ client }: { readonly client: Client }) {
  const here = useHere()
  const { tokens_per_hour: hour, tokens_per_day: day, mode } = client.quota
  const quota = [
    hour !== null && t.application.perHour(hour as number),
    day !== null && t.application.perDay(day as number),
  ].filter(Boolean)
  return (
    <Panel
      title={t.application.about}
      flush
      actions={<EditButton dialog="limits" label={t.application.editLimits} />}
    >
      <Facts
        rows={[
          [t.fields.tokenLifetime, lifetimeText(client.token_lifetime_seconds as number | null)],
          [
            t.fields.quota,
            quota.length === 0
              ? t.application.noQuota
              : `${quota.join(', ')}${mode === 'observe' ? ` (${t.allowlist.modes.observe})` : ''}`,
          ],
          [t.fields.tags, client.tags.length === 0 ? '–' : client.tags.join(', ')],
          [t.fields.externalId, (client.external_id as string | null) ?? '–'],
          [t.applications.columns.created, <Time key="created" at={client.created_at} full />],
          [t.application.changed, <Time key="changed" at={client.updated_at} />],
        ]}
      />
      <div className="border-t border-line px-4 py-2.5">
        <Link
          to="/$org/$environment/trail"
          params={{ org: here.org_id, environment: here.environment }}
          search={{ target: client.client_id }}
          className="text-xs font-medium text-accent hover:underline"
        >
          {t.application.history}
        </Link>
      </div>
    </Panel>
  )
}
