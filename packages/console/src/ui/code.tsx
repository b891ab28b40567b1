/** Code to copy. What is a secret in it is masked on screen and real when copied. */

import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { t } from '../texts/index.ts'
import { classes } from './classes.ts'
import { CopyButton, masked } from './copy.tsx'

interface CodeProps {
  readonly text: string
  readonly label: string
  /** Parts of the text that are masked on screen. */
  readonly secrets?: readonly string[]
  readonly onCopied?: () => void
}

export function Code({ text, label, secrets = [], onCopied }: CodeProps) {
  const shown = secrets.reduce((all, secret) => all.replaceAll(secret, masked(secret)), text)
  return (
    <div className="relative min-w-0 rounded-md border border-line bg-sunken">
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
        tabIndex={0}
        aria-label={label}
        className="mr-10 max-h-96 overflow-auto p-3 font-mono text-xs leading-relaxed"
      >
        <pre>
          <code>{shown}</code>
        </pre>
      </section>
      <CopyButton
        text={text}
        label={t.common.copyName(label)}
        className="absolute top-1.5 right-1.5"
        {...(onCopied && { onCopied })}
      />
    </div>
  )
}

/** The same in several languages, one at a time. */
export function CodeTabs(props: {
  readonly label: string
  readonly tabs: readonly (readonly [name: string, text: string])[]
  readonly secrets?: readonly string[]
  readonly onCopied?: () => void
}) {
  const { label, tabs, ...rest } = props
  const [open, setOpen] = useState(0)
  const [name, text] = tabs[open] as readonly [string, string]
  return (
    <div className="min-w-0">
      <div role="tablist" aria-label={label} className="mb-2 flex gap-1 overflow-x-auto p-0.5">
        {tabs.map(([tab], index) => (
          <button
            key={tab}
            type="button"
            role="tab"
            aria-selected={index === open}
            tabIndex={index === open ? 0 : -1}
            onClick={() => setOpen(index)}
            onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
              if (step === undefined) return
              event.preventDefault()
              const next = (index + step + tabs.length) % tabs.length
              setOpen(next)
              const all = event.currentTarget.parentElement?.children
              ;(all?.[next] as HTMLElement | undefined)?.focus()
            }}
            className={classes(
              'h-7 rounded-md px-2.5 text-xs font-medium whitespace-nowrap',
              index === open ? 'bg-accent-soft text-accent' : 'text-muted hover:bg-hover',
            )}
          >
            {tab}
          </button>
        ))}
      </div>
      <div role="tabpanel" aria-label={name}>
        <Code text={text} label={name} {...rest} />
      </div>
    </div>
  )
}

/**
 * What a dialog does, as commands of a terminal.
 *
 * @param props.miot left out where `miot` has no such command.
 * @param props.curl left out for what only a session may do.
 */
export function Twins(props: { readonly miot?: string; readonly curl?: string }) {
  const tabs = (['miot', 'curl'] as const).flatMap((name) => {
    const text = props[name]
    return text === undefined ? [] : [[name, text] as const]
  })
  return (
    <details className="group text-xs">
      <summary className="inline-flex list-none items-center gap-1 text-muted hover:text-text">
        <ChevronRight aria-hidden className="size-3.5 transition-transform group-open:rotate-90" />
        {t.twins.title}
      </summary>
      <div className="mt-2">
        <CodeTabs label={t.twins.title} tabs={tabs} />
      </div>
    </details>
  )
}
