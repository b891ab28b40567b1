/** Keys that work on every page: single letters outside of fields, and Ctrl-K everywhere. */

import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { t } from '../texts/index.ts'

/** After `g`, the letter of a page. */
export const PAGES = {
  s: '/$org/$environment/start',
  a: '/$org/$environment/applications',
  p: '/$org/$environment/assets',
  c: '/$org/$environment/activity',
  l: '/$org/$environment/token-lab',
  t: '/$org/$environment/trail',
  k: '/$org/$environment/keys',
  m: '/$org/$environment/members',
} as const

/** Each page with its letter, in the order of the sidebar. */
export const pageNames = (): readonly (readonly [keyof typeof PAGES, string])[] => [
  ['s', t.nav.start],
  ['a', t.nav.applications],
  ['p', t.nav.assets],
  ['c', t.nav.activity],
  ['l', t.nav.tokenLab],
  ['k', t.nav.keys],
  ['m', t.nav.members],
  ['t', t.nav.trail],
]

/** Milliseconds between `g` and the letter. */
const PAUSE_MS = 1200

export function useShortcuts(actions: { palette: () => void; keys: () => void }): void {
  const navigate = useNavigate()
  const { org, environment } = useParams({ strict: false })
  const afterG = useRef(0)
  const latest = useRef(actions)
  latest.current = actions
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        latest.current.palette()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      if (document.querySelector('[role="dialog"]') !== null) return
      const page = PAGES[event.key as keyof typeof PAGES]
      if (event.timeStamp - afterG.current < PAUSE_MS && page !== undefined && org && environment) {
        afterG.current = 0
        event.preventDefault()
        void navigate({ to: page, params: { org, environment } })
        return
      }
      if (event.key === 'g') afterG.current = event.timeStamp
      if (event.key === '?') latest.current.keys()
      if (event.key === '/') focusSearch(event)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [navigate, org, environment])
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  const field = target.closest('input:not([type=checkbox]), textarea, select')
  return field !== null
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('input[type="search"]')
  if (field === null) return
  event.preventDefault()
  field.focus()
}
