/** Buttons and what looks like one. */

import { LoaderCircle } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { classes } from './classes.ts'
import { Hint } from './hint.tsx'

const BASE =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none aria-disabled:cursor-not-allowed aria-disabled:opacity-50'

const LOOKS = {
  primary: 'bg-accent-fill text-white hover:bg-accent-fill-hover shadow-panel',
  plain: 'border border-line-strong bg-raised text-text hover:bg-hover shadow-panel',
  quiet: 'text-muted hover:bg-hover hover:text-text',
  danger: 'bg-bad-fill text-white hover:opacity-90 shadow-panel',
} as const

const SIZES = {
  normal: 'h-8 px-3 text-[0.8125rem]',
  small: 'h-7 px-2 text-xs',
  large: 'h-10 px-4 text-sm',
  icon: 'size-8',
} as const

export type Look = keyof typeof LOOKS

export function buttonClasses(look: Look, size: keyof typeof SIZES = 'normal'): string {
  return classes(BASE, LOOKS[look], SIZES[size])
}

interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  readonly look?: Look
  readonly size?: keyof typeof SIZES
  readonly busy?: boolean
  /** Why it cannot be used; it stays focusable, so that the reason can be read. */
  readonly refused?: string | null | undefined
  readonly children: ReactNode
}

export function Button(props: ButtonProps) {
  const { look = 'plain', size = 'normal', busy = false, refused = null, ...rest } = props
  const { className, children, onClick, type = 'button', ...others } = rest
  const off = busy || refused !== null
  const button = (
    <button
      {...others}
      type={off ? 'button' : type}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      className={classes(buttonClasses(look, size), className)}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {busy && <LoaderCircle aria-hidden className="size-3.5 animate-spin" />}
      {children}
    </button>
  )
  return refused === null ? button : <Hint text={refused}>{button}</Hint>
}
