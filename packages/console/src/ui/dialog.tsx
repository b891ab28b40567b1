/**
 * A dialog with a title, a body and buttons; Escape closes it, and the focus returns to where it
 * was. In production it says so: the band of the page is dimmed while a dialog is open.
 */

import * as Radix from '@radix-ui/react-dialog'
import { useParams } from '@tanstack/react-router'
import { X } from 'lucide-react'
import type { FormEvent, ReactNode } from 'react'
import { t } from '../texts/index.ts'
import { FailureLine } from './answers.tsx'
import { Button, type Look } from './button.tsx'
import { classes, PRODUCTION_BAND } from './classes.ts'
import { focusAgain } from './focus.ts'

export function Dialog(props: {
  readonly open: boolean
  /** null: not yet, since something in it would be lost. */
  readonly onClose: (() => void) | null
  readonly title: string
  readonly about?: ReactNode
  readonly wide?: boolean
  readonly children: ReactNode
}) {
  const { open, onClose, title, about, wide = false, children } = props
  const { environment } = useParams({ strict: false })
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose?.()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-black/40" />
        <Radix.Content
          {...(about === undefined && { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusFirst}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            focusAgain()
          }}
          className={classes(
            'fixed inset-x-3 bottom-3 z-40 mx-auto flex max-h-[calc(100dvh-1.5rem)] animate-appear flex-col overflow-y-auto rounded-xl border border-line bg-raised shadow-float sm:top-[10vh] sm:bottom-auto sm:max-h-[80vh]',
            wide ? 'max-w-2xl' : 'max-w-lg',
          )}
        >
          {environment === 'production' && (
            <p className={classes('h-6 shrink-0 rounded-t-xl', PRODUCTION_BAND)}>
              {t.environments.production}
            </p>
          )}
          <div className="flex items-start justify-between gap-4 px-5 pt-4">
            <div>
              <Radix.Title className="text-base font-semibold">{title}</Radix.Title>
              {about !== undefined && (
                <Radix.Description asChild>
                  <div className="mt-1 text-muted">{about}</div>
                </Radix.Description>
              )}
            </div>
            {onClose !== null && (
              <Radix.Close
                aria-label={t.common.close}
                className="-mr-1.5 grid size-8 shrink-0 place-items-center rounded-md text-muted hover:bg-hover hover:text-text"
              >
                <X aria-hidden className="size-4" />
              </Radix.Close>
            )}
          </div>
          <div className="px-5 pt-4 pb-5">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

/**
 * The first field; in a dialog without one the first button of its form that is in sight, which is
 * not the risky one.
 */
function focusFirst(event: Event): void {
  const content = event.currentTarget as HTMLElement
  const first =
    content.querySelector<HTMLElement>('input, select, textarea') ??
    content.querySelector<HTMLElement>('form button:not(details *)')
  if (first === null) return
  event.preventDefault()
  first.focus()
}

/** The form within a dialog. */
export function DialogForm(props: {
  readonly submit: string
  readonly look?: Look
  readonly busy: boolean
  readonly error: unknown
  readonly refused?: string | null
  readonly onSubmit: () => void
  readonly onCancel: () => void
  readonly children: ReactNode
}) {
  const { submit, look = 'primary', busy, error, refused = null } = props
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        if (refused === null && !busy) props.onSubmit()
      }}
    >
      {props.children}
      <FailureLine error={error} />
      <div className="flex justify-end gap-2 pt-1">
        <Button onClick={props.onCancel}>{t.common.cancel}</Button>
        <Button type="submit" look={look} busy={busy} refused={refused}>
          {submit}
        </Button>
      </div>
    </form>
  )
}
