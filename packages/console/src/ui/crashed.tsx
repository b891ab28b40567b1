/** Pages for an unknown address and for a fault of the page itself. */

import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'
import { Compass } from 'lucide-react'
import { t } from '../texts/index.ts'
import { Empty, Failure } from './answers.tsx'
import { buttonClasses } from './button.tsx'

export function NotFound() {
  return (
    <main className="grid min-h-[70dvh] place-items-center">
      <h1 className="sr-only">{t.failures.noPage}</h1>
      <Empty
        icon={Compass}
        title={t.failures.noPage}
        about={t.failures.noPageAbout}
        actions={
          <Link to="/" className={buttonClasses('plain')}>
            {t.common.home}
          </Link>
        }
      />
    </main>
  )
}

export function Crashed({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  return (
    <main className="grid min-h-[70dvh] place-items-center">
      <h1 className="sr-only">{t.failures.title}</h1>
      <Failure
        error={error}
        retry={() => {
          reset()
          void router.invalidate()
        }}
      />
    </main>
  )
}
