/** What a page shows while it waits, when a request failed, and when there is nothing yet. */

import type { LucideIcon } from 'lucide-react'
import { CloudOff, Lock, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Refusal } from '../api/refusal.ts'
import { t } from '../texts/index.ts'
import { Button } from './button.tsx'
import { CopyButton } from './copy.tsx'

export function Loading({ lines = 4 }: { readonly lines?: number }) {
  return (
    <div role="status" aria-label={t.common.loading} className="flex flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, index) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: all alike
          key={index}
          className="h-4 animate-breathe rounded bg-hover"
          style={{ width: `${90 - ((index * 17) % 45)}%` }}
        />
      ))}
    </div>
  )
}

/** In words for the reader; the server's own where it has some. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Refusal)) return t.failures.unexpected
  if (error.status === 0) return t.failures.noAnswer
  const known: Readonly<Record<string, string>> = t.refusals
  const words = known[error.code]
  if (words !== undefined) return words
  if (error.status === 401) return t.failures.signedOut
  if (error.status === 429) return t.failures.tooMany(error.retryAfterSeconds)
  if (error.status === 503) return t.failures.unavailable
  return error.message
}

/** One line below a form, with the id of the request. */
export function FailureLine({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null
  const id = error instanceof Refusal ? error.requestId : null
  return (
    <div
      role="alert"
      className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-[0.8125rem] text-bad ring-1 ring-bad/30 ring-inset"
    >
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <div className="min-w-0">
        <p>{reasonOf(error)}</p>
        {id !== null && <RequestId id={id} />}
      </div>
    </div>
  )
}

/** In place of a page's content. */
export function Failure({
  error,
  retry,
}: {
  readonly error: unknown
  readonly retry?: () => void
}) {
  const refusal = error instanceof Refusal ? error : null
  const forbidden = refusal?.status === 403
  return (
    <Empty
      icon={forbidden ? Lock : refusal?.status === 0 ? CloudOff : TriangleAlert}
      title={forbidden ? t.failures.forbiddenTitle : t.failures.title}
      about={reasonOf(error)}
      actions={retry && <Button onClick={retry}>{t.common.tryAgain}</Button>}
    >
      {refusal?.requestId && <RequestId id={refusal.requestId} />}
    </Empty>
  )
}

function RequestId({ id }: { readonly id: string }) {
  return (
    <p className="mt-0.5 flex items-center gap-1 text-xs opacity-90">
      {t.failures.requestId}: <code className="font-mono wrap-anywhere">{id}</code>
      <CopyButton text={id} label={t.common.copy} />
    </p>
  )
}

/** Says what will be here, and how to begin. */
export function Empty(props: {
  readonly icon: LucideIcon
  readonly title: string
  readonly about?: ReactNode
  readonly actions?: ReactNode
  readonly children?: ReactNode
}) {
  const { icon: Icon, title, about, actions, children } = props
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <div className="mb-3 grid size-10 place-items-center rounded-full border border-line bg-sunken text-muted">
        <Icon aria-hidden className="size-5" />
      </div>
      <p className="text-sm font-semibold">{title}</p>
      {about && <p className="mt-1 max-w-md text-muted">{about}</p>}
      {children}
      {actions && <div className="mt-4 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  )
}
