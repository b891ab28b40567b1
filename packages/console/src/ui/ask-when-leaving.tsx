/** Asks before the reader leaves what cannot be shown again. */

import { useBlocker } from '@tanstack/react-router'
import { t } from '../texts/index.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

export function AskWhenLeaving(props: {
  readonly unless: boolean
  readonly title?: string
  readonly about?: string
}) {
  const { unless, title = t.credentials.leaveTitle, about = t.credentials.leave } = props
  const blocker = useBlocker({
    shouldBlockFn: () => !unless,
    enableBeforeUnload: !unless,
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return (
    <Dialog open onClose={blocker.reset} title={title} about={about}>
      <div className="flex justify-end gap-2">
        <Button look="plain" onClick={blocker.reset}>
          {t.credentials.stay}
        </Button>
        <Button look="danger" onClick={blocker.proceed}>
          {t.credentials.leaveAnyway}
        </Button>
      </div>
    </Dialog>
  )
}
