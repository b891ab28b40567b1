/** Waits for the first token and the first kept report, and says what to do while none arrives. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, CircleCheck, CircleDashed, CircleX } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import type { Client, ClientUsage, RefusedRequest } from '../../api/admin.ts'
import { readTelemetry } from '../../api/telemetry.ts'
import { RefusalExplained } from '../../refusals/explained.tsx'
import { useLatestRefusal } from '../../refusals/latest.ts'
import { usageQuery } from '../../state/queries.ts'
import { type Here, useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { FailureLine, reasonOf } from '../../ui/answers.tsx'
import { buttonClasses } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { Field, INPUT } from '../../ui/field.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { diagnose } from './diagnose.ts'

const EVERY_MS = 1500
/** After this long without a token the page offers help by itself. */
const PATIENCE_MS = 25_000

export function Waiting({ client }: { readonly client: Client }) {
  const here = useHere()
  const usage = useQuery({
    ...usageQuery(here, client.client_id),
    refetchInterval: ({ state }) => (tokenAt(state.data) === null ? EVERY_MS : 10_000),
  })
  const token = tokenAt(usage.data)
  const report = useQuery({
    queryKey: ['first-report', client.client_id],
    queryFn: () => firstReport(here, client),
    enabled: token !== null,
    refetchInterval: ({ state }) => (state.data ? false : EVERY_MS),
  })
  const impatient = useAfter(PATIENCE_MS)
  const refusal = useLatestRefusal(client.client_id, client.created_at, !report.data)
  const instead = refusal !== null && (token === null || refusal.at > token) ? refusal : null
  const refused = token === null && (usage.data?.secrets ?? []).some(({ used }) => used !== null)
  const reportState = report.data
    ? 'done'
    : token === null
      ? 'later'
      : instead === null
        ? 'waiting'
        : 'failed'
  const done = token !== null && Boolean(report.data)
  return (
    <Panel
      title={t.start.waitingTitle}
      about={done ? t.start.doneAbout : t.start.waitingAbout}
      className={classes(done && 'ring-2 ring-good/50')}
    >
      <ol className="flex flex-col gap-3" aria-live="polite">
        <Step
          state={token !== null ? 'done' : refused || instead !== null ? 'failed' : 'waiting'}
          title={token !== null ? t.start.tokenDone : t.start.tokenWaiting}
        >
          {token !== null && <Time at={token} full />}
          {token === null && instead && <Instead refusal={instead} />}
          {refused && instead === null && t.start.tokenRefused}
          {usage.error && <FailureLine error={usage.error} />}
        </Step>
        <Step
          state={reportState}
          title={report.data ? t.start.reportDone(report.data.asset_id) : t.start.reportWaiting}
        >
          {report.data && <Time at={report.data.last_received_at} full />}
          {reportState === 'failed' && instead && <Instead refusal={instead} />}
          {report.error && <span>{reasonOf(report.error)}</span>}
        </Step>
      </ol>
      {done ? (
        <div className="mt-4 flex flex-wrap items-center gap-3">
          <Link
            to="/$org/$environment/applications/$client_id"
            params={{
              org: here.org_id,
              environment: here.environment,
              client_id: client.client_id,
            }}
            className={buttonClasses('primary')}
          >
            {t.start.toApplication}
            <ArrowRight aria-hidden className="size-4" />
          </Link>
        </div>
      ) : (
        <Help open={impatient || refused} />
      )}
    </Panel>
  )
}

function tokenAt(usage: ClientUsage | undefined): string | null {
  return (usage?.last_issued_at as string | null | undefined) ?? null
}

interface Asset {
  readonly asset_id: string
  readonly last_received_at: string
}

/** The newest report kept since the application exists. */
async function firstReport(here: Here, client: Client): Promise<Asset | null> {
  const path = '/v1/assets?limit=100'
  const { assets } = await readTelemetry<{ assets: readonly Asset[] }>(path, here, here.admin)
  const since = Date.parse(client.created_at) - 1000
  const fresh = assets.filter(({ last_received_at }) => Date.parse(last_received_at) >= since)
  return fresh.sort((a, b) => b.last_received_at.localeCompare(a.last_received_at))[0] ?? null
}

const Instead = ({ refusal }: { refusal: RefusedRequest }) => (
  <div className="mt-1.5">
    <RefusalExplained refusal={refusal} />
  </div>
)

const LOOKS = {
  done: [CircleCheck, 'text-good'],
  failed: [CircleX, 'text-bad'],
  waiting: [CircleDashed, 'text-accent animate-breathe'],
  later: [CircleDashed, 'text-line-strong'],
} as const

function Step(props: {
  readonly state: keyof typeof LOOKS
  readonly title: string
  readonly children: ReactNode
}) {
  const [Icon, look] = LOOKS[props.state]
  return (
    <li className="flex items-start gap-3">
      <Icon aria-hidden className={classes('mt-px size-5 shrink-0', look)} />
      <div className="min-w-0 flex-1">
        <p
          data-state={props.state}
          className={classes('font-medium', props.state === 'done' && 'text-good')}
        >
          {props.title}
        </p>
        <div className="text-xs text-muted">{props.children}</div>
      </div>
    </li>
  )
}

function Help({ open }: { readonly open: boolean }) {
  const [text, setText] = useState('')
  const finding = text.trim() === '' ? null : diagnose(text)
  return (
    <details className="mt-4 border-t border-line pt-3" open={open || undefined}>
      <summary className="text-[0.8125rem] font-medium text-muted hover:text-text">
        {t.start.helpTitle}
      </summary>
      <div className="mt-3 flex flex-col gap-3">
        <Field
          label={t.start.pasteAnswer}
          hint={t.start.pasteAnswerHint}
          control={(control) => (
            <textarea
              {...control}
              rows={3}
              value={text}
              spellCheck={false}
              onChange={({ target }) => setText(target.value)}
              className={classes(INPUT, 'h-auto py-2 font-mono text-xs')}
            />
          )}
        />
        {text.trim() !== '' && (
          <Notice tone={finding === null ? 'warn' : 'accent'}>
            <p className="font-medium">{finding?.cause ?? t.start.unknownAnswer}</p>
            <p className="mt-0.5">{finding?.remedy ?? t.start.unknownAnswerAbout}</p>
          </Notice>
        )}
      </div>
    </details>
  )
}

function useAfter(ms: number): boolean {
  const [passed, setPassed] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), ms)
    return () => clearTimeout(timer)
  }, [ms])
  return passed
}
