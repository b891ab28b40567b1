/** Surfaces: a page's heading, panels with a title, lists of facts. */

import type { ReactNode } from 'react'
import { classes } from './classes.ts'

export function Heading(props: {
  readonly title: ReactNode
  readonly about?: ReactNode
  readonly above?: ReactNode
  readonly actions?: ReactNode
}) {
  return (
    <header className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        {props.above && <div className="mb-1.5 text-xs text-muted">{props.above}</div>}
        <h1 className="text-xl font-semibold tracking-tight wrap-anywhere">{props.title}</h1>
        {props.about && <p className="mt-1 max-w-2xl text-muted">{props.about}</p>}
      </div>
      {props.actions && <div className="flex flex-wrap items-center gap-2">{props.actions}</div>}
    </header>
  )
}

export function Panel(props: {
  readonly title?: ReactNode
  readonly about?: ReactNode
  readonly actions?: ReactNode
  readonly flush?: boolean
  readonly className?: string
  readonly children?: ReactNode
}) {
  const { title, about, actions, flush, className, children } = props
  return (
    <section className={classes('rounded-lg border border-line bg-panel shadow-panel', className)}>
      {title && (
        <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-line px-4 py-3 not-last:border-b">
          <div className="min-w-0">
            <h2 className="text-sm font-semibold">{title}</h2>
            {about && <p className="mt-0.5 text-xs text-muted">{about}</p>}
          </div>
          {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
        </div>
      )}
      {children && <div className={flush ? '' : 'p-4'}>{children}</div>}
    </section>
  )
}

/** Names with values, in two columns where there is room. */
export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="divide-y divide-line">
      {rows.map(([name, value]) => (
        <div
          key={name}
          className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-x-4 px-4 py-2.5"
        >
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

const TONES = {
  neutral: 'bg-sunken text-muted ring-line-strong',
  good: 'bg-good-soft text-good ring-good/30',
  warn: 'bg-warn-soft text-warn ring-warn/30',
  bad: 'bg-bad-soft text-bad ring-bad/30',
  accent: 'bg-accent-soft text-accent ring-accent/30',
} as const

export type Tone = keyof typeof TONES

export function Badge({ tone = 'neutral', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={classes(
        'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap ring-1 ring-inset',
        TONES[tone],
      )}
    >
      {children}
    </span>
  )
}

/** A message that stays, with what to do. */
export function Notice({
  tone,
  children,
}: {
  tone: Exclude<Tone, 'neutral'>
  children: ReactNode
}) {
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={classes('rounded-md px-3 py-2.5 text-[0.8125rem] ring-1 ring-inset', TONES[tone])}
    >
      {children}
    </div>
  )
}
