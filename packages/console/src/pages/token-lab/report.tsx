/** The verdict on a token, each check with why, and what the token says. */

import { CircleAlert, CircleCheck, CircleHelp, CircleX } from 'lucide-react'
import { t } from '../../texts/index.ts'
import { classes } from '../../ui/classes.ts'
import { Code } from '../../ui/code.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import type { Check, Report } from './check.ts'

const LOOKS = {
  passed: [CircleCheck, 'text-good'],
  failed: [CircleX, 'text-bad'],
  noted: [CircleAlert, 'text-warn'],
  open: [CircleHelp, 'text-muted'],
} as const

/** Beyond this, devices with such a clock get into trouble. */
const FAR_SECONDS = 30

export function Verdict(props: { readonly report: Report; readonly aheadSeconds: number }) {
  const { report, aheadSeconds } = props
  const { accepted, checks } = report
  const far = Math.abs(aheadSeconds) > FAR_SECONDS
  return (
    <Panel
      title={
        <span role="status" className={classes('flex items-center gap-2', toneOf(accepted))}>
          {iconOf(accepted)}
          {accepted === null
            ? t.tokenLab.undecided
            : accepted
              ? t.tokenLab.accepted
              : t.tokenLab.refused}
        </span>
      }
      about={
        accepted === null
          ? t.tokenLab.undecidedAbout
          : accepted
            ? t.tokenLab.acceptedAbout
            : undefined
      }
      flush
    >
      <ul aria-label={t.tokenLab.checks} className="divide-y divide-line">
        {checks.map((check) => (
          <Row key={check.name} check={check} />
        ))}
      </ul>
      <p
        className={classes(
          'border-t border-line px-4 py-2.5 text-xs',
          far ? 'font-medium text-warn' : 'text-muted',
        )}
      >
        {t.tokenLab.clock(aheadSeconds)} {far && t.tokenLab.clockFar}
      </p>
    </Panel>
  )
}

function toneOf(accepted: boolean | null): string {
  return accepted === null ? 'text-warn' : accepted ? 'text-good' : 'text-bad'
}

function iconOf(accepted: boolean | null) {
  const [Icon] = LOOKS[accepted === null ? 'open' : accepted ? 'passed' : 'failed']
  return <Icon aria-hidden className="size-4.5" />
}

function Row({ check }: { readonly check: Check }) {
  const { name, outcome, why, values } = check
  const [Icon, look] = LOOKS[outcome]
  const texts: Readonly<Record<string, (values: Check['values']) => string>> = t.tokenLab.why
  return (
    <li data-check={name} data-outcome={outcome} className="flex items-start gap-3 px-4 py-2">
      <Icon aria-hidden className={classes('mt-0.5 size-4 shrink-0', look)} />
      <div className="grid min-w-0 flex-1 gap-x-4 sm:grid-cols-[7rem_minmax(0,1fr)]">
        <p className="text-[0.8125rem] font-medium">
          {t.tokenLab.names[name]}
          <span className="sr-only">: {t.tokenLab.outcomes[outcome]}</span>
        </p>
        <p
          className={classes(
            'text-[0.8125rem] wrap-anywhere',
            outcome === 'failed' ? 'text-bad' : 'text-muted',
          )}
        >
          {texts[why]?.(values) ?? why}
        </p>
      </div>
    </li>
  )
}

export function DecodedToken({ report }: { readonly report: Report }) {
  const { header, claims } = report.decoded
  const signed = report.checks.some(
    ({ name, outcome }) => name === 'signature' && outcome === 'passed',
  )
  if (header === null && claims === null) return null
  return (
    <>
      {!signed && <Notice tone="warn">{t.tokenLab.untrusted}</Notice>}
      {header !== null && (
        <Panel title={t.tokenLab.header}>
          <Code text={JSON.stringify(header, null, 2)} label={t.tokenLab.header} />
        </Panel>
      )}
      {claims !== null && (
        <Panel title={t.tokenLab.claims}>
          <Code text={JSON.stringify(claims, null, 2)} label={t.tokenLab.claims} />
        </Panel>
      )}
    </>
  )
}
