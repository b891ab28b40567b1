/** The frame of every page behind the sign-in: where one is, and the ways to elsewhere. */

import { Outlet, useParams, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon, Search } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useSession } from '../state/session.ts'
import { t } from '../texts/index.ts'
import { Button } from '../ui/button.tsx'
import { classes, PRODUCTION_BAND } from '../ui/classes.ts'
import { Hint } from '../ui/hint.tsx'
import { KeysHelp } from './keys-help.tsx'
import { Palette } from './palette.tsx'
import { useShortcuts } from './shortcuts.ts'
import { Sidebar } from './sidebar.tsx'

export function Frame() {
  useSession()
  const { org, environment } = useParams({ strict: false })
  const [open, setOpen] = useState<'palette' | 'keys' | 'menu' | null>(null)
  const close = () => setOpen(null)
  useShortcuts({ palette: () => setOpen('palette'), keys: () => setOpen('keys') })
  useMovedFocus(close)
  const production = environment === 'production'
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[15rem_1fr]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2 focus:shadow-float"
      >
        {t.shell.skip}
      </a>
      <aside
        className={classes(
          'inset-y-0 left-0 z-30 w-60 border-r border-line bg-panel md:sticky md:top-0 md:block md:h-dvh',
          open === 'menu' ? 'fixed block shadow-float' : 'hidden',
        )}
      >
        <Sidebar onSearch={() => setOpen('palette')} />
      </aside>
      {open === 'menu' && (
        <button
          type="button"
          aria-label={t.common.close}
          className="fixed inset-0 z-20 bg-black/40 md:hidden"
          onClick={close}
        />
      )}
      <div className="min-w-0">
        <header className="contents">
          {production && (
            <div className={classes('sticky top-0 z-10 h-6', PRODUCTION_BAND)}>
              {t.environments.production}
            </div>
          )}
          <div className="flex h-12 items-center justify-between gap-2 border-b border-line px-4 md:h-0 md:border-0 md:px-0">
            <Button
              look="quiet"
              size="icon"
              className="md:hidden"
              aria-label={t.shell.menu}
              aria-expanded={open === 'menu'}
              onClick={() => setOpen('menu')}
            >
              <MenuIcon aria-hidden className="size-5" />
            </Button>
            <Place org={org} environment={environment} />
            <Hint text={`${t.shell.search} (Ctrl K)`}>
              <Button
                look="quiet"
                size="icon"
                className="md:hidden"
                aria-label={t.shell.search}
                onClick={() => setOpen('palette')}
              >
                <Search aria-hidden className="size-4.5" />
              </Button>
            </Hint>
          </div>
        </header>
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto max-w-6xl px-4 py-6 outline-none md:px-8 md:py-8"
        >
          <Outlet key={`${org} ${environment}`} />
        </main>
      </div>
      <Palette open={open === 'palette'} onClose={close} onKeys={() => setOpen('keys')} />
      <KeysHelp open={open === 'keys'} onClose={close} />
    </div>
  )
}

/** On a phone, where the sidebar is away. */
function Place(props: { org: string | undefined; environment: string | undefined }) {
  const { organizations } = useSession()
  const current = organizations.find(({ org_id }) => org_id === props.org)
  if (current === undefined || props.environment === undefined) return null
  return (
    <p className="min-w-0 truncate text-[0.8125rem] md:hidden">
      <span className="font-medium">{current.name}</span>
      <span className="text-muted"> · {t.environments[props.environment as 'production']}</span>
    </p>
  )
}

/** Another page starts at its top, with the keyboard in it; a menu that led there closes. */
function useMovedFocus(close: () => void): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname })
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    const first = before.current === undefined
    before.current = path
    if (first) return
    close()
    window.scrollTo(0, 0)
    document.getElementById('content')?.focus({ preventScroll: true })
  })
}
