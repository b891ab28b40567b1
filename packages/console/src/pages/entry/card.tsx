/** The frame of the pages before the sign-in. */

import type { FormEvent, ReactNode } from 'react'
import { chooseLanguage, language, t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Logo } from '../../ui/logo.tsx'

export function EntryCard(props: {
  readonly title: string
  readonly about?: ReactNode
  readonly below?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <div className="flex min-h-dvh flex-col items-center px-4 py-10 sm:justify-center">
      <main className="w-full max-w-sm">
        <div className="mb-6 flex items-center justify-center gap-2.5">
          <Logo className="size-8" />
          <span className="text-lg font-semibold tracking-tight">ModularIoT</span>
        </div>
        <div className="rounded-xl border border-line bg-panel p-6 shadow-panel">
          <h1 className="text-lg font-semibold tracking-tight">{props.title}</h1>
          {props.about && <div className="mt-1 text-muted">{props.about}</div>}
          <div className="mt-5">{props.children}</div>
        </div>
        {props.below && <p className="mt-4 text-center text-muted">{props.below}</p>}
      </main>
      <footer className="mt-8">
        <button
          type="button"
          className="rounded px-2 py-1 text-xs text-muted hover:text-text"
          onClick={() => chooseLanguage(language === 'es' ? 'en' : 'es')}
        >
          {t.shell.otherLanguage}
        </button>
      </footer>
    </div>
  )
}

export function EntryForm(props: {
  readonly submit: string
  readonly busy: boolean
  readonly error?: unknown
  readonly onSubmit: (fields: FormData) => void
  readonly children: ReactNode
}) {
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent<HTMLFormElement>) => {
        event.preventDefault()
        if (!props.busy) props.onSubmit(new FormData(event.currentTarget))
      }}
    >
      {props.children}
      <FailureLine error={props.error} />
      <Button type="submit" look="primary" size="large" busy={props.busy}>
        {props.submit}
      </Button>
    </form>
  )
}

/** The links of these pages. */
export const LINK = 'font-medium text-accent underline-offset-4 hover:underline'

/** A field's text. */
export function textOf(fields: FormData, name: string): string {
  const value = fields.get(name)
  return typeof value === 'string' ? value : ''
}
