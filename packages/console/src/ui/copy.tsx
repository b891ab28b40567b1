/** Copying, and text that is masked on screen and real when copied. */

import { Check, Copy, Eye, EyeOff } from 'lucide-react'
import { useEffect, useState } from 'react'
import { t } from '../texts/index.ts'
import { classes } from './classes.ts'
import { Hint } from './hint.tsx'

/** Milliseconds for which a button says that it has copied. */
const SAID_MS = 1600

export function useCopy(): readonly [copied: boolean, copy: (text: string) => void] {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SAID_MS)
    return () => clearTimeout(timer)
  }, [copied])
  return [
    copied,
    (text) => {
      writeClipboard(text).then(
        () => setCopied(true),
        () => setCopied(false),
      )
    },
  ]
}

/** Without a secure context (plain HTTP off loopback) there is no clipboard API. */
async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (!done) throw new Error('not copied')
}

const SMALL =
  'inline-grid size-7 shrink-0 place-items-center rounded-md text-muted hover:bg-hover hover:text-text'

export function CopyButton(props: {
  readonly text: string
  readonly label: string
  readonly className?: string
  readonly onCopied?: () => void
}) {
  const [copied, copy] = useCopy()
  return (
    <Hint text={copied ? t.common.copied : props.label}>
      <button
        type="button"
        aria-label={props.label}
        className={classes(SMALL, props.className)}
        onClick={() => {
          copy(props.text)
          props.onCopied?.()
        }}
      >
        {copied ? (
          <Check aria-hidden className="size-3.5 text-good" />
        ) : (
          <Copy aria-hidden className="size-3.5" />
        )}
        <span role="status" className="sr-only">
          {copied ? t.common.copied : ''}
        </span>
      </button>
    </Hint>
  )
}

/** A value on one line with a button to copy it; a secret one shows dots until it is asked for. */
export function Value(props: {
  readonly text: string
  readonly label: string
  readonly secret?: boolean
  readonly onCopied?: () => void
}) {
  const { text, label, secret = false } = props
  const [shown, setShown] = useState(!secret)
  return (
    <div className="flex min-w-0 items-center gap-1">
      <code
        className="min-w-0 flex-1 truncate font-mono text-[0.8125rem]"
        title={shown ? text : ''}
      >
        {shown ? text : masked(text)}
      </code>
      {secret && (
        <button
          type="button"
          aria-label={shown ? t.common.hideName(label) : t.common.showName(label)}
          aria-pressed={shown}
          className={SMALL}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff className="size-3.5" /> : <Eye className="size-3.5" />}
        </button>
      )}
      <CopyButton
        text={text}
        label={t.common.copyName(label)}
        {...(props.onCopied && { onCopied: props.onCopied })}
      />
    </div>
  )
}

/** The prefix stays readable: it says what kind of secret it is. */
export function masked(secret: string): string {
  const prefix = /^miot_(dev|prod)_/.exec(secret)?.[0] ?? ''
  return `${prefix}${'•'.repeat(18)}`
}
