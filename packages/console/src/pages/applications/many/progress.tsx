/** While a change to many applications runs. It is stopped by its button alone. */

import { t } from '../../../texts/index.ts'
import { AskWhenLeaving } from '../../../ui/ask-when-leaving.tsx'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Facts } from '../../../ui/panel.tsx'
import { ProgressBar } from '../../../ui/progress.tsx'
import { type Action, countsOf } from './run.ts'
import type { RunState } from './use-run.ts'

export function Progress(props: {
  readonly title: string
  readonly action: Action
  readonly total: number
  readonly run: RunState & { readonly stop: () => void }
}) {
  const { title, action, total, run } = props
  const done = run.results.length
  return (
    <Dialog open onClose={null} title={title}>
      <div className="flex flex-col gap-4">
        <ProgressBar label={title} done={done} total={total} />
        <p role="status" className="text-muted">
          {t.many.progress(done, total)}
        </p>
        <Counts results={run.results} />
        <div className="flex justify-end">
          <Button busy={run.phase === 'stopping'} onClick={run.stop}>
            {run.phase === 'stopping' ? t.many.stopping : t.many.stop}
          </Button>
        </div>
      </div>
      <AskWhenLeaving
        unless={false}
        {...(action === 'rotate'
          ? { title: t.many.leaveTitle, about: t.many.leave }
          : { title: t.many.leaveRunningTitle, about: t.many.leaveRunning })}
      />
    </Dialog>
  )
}

export function Counts(props: { readonly results: RunState['results']; readonly left?: number }) {
  const { left = 0 } = props
  const { changed, unchanged, refused } = countsOf(props.results)
  const rows = [
    [t.many.changed, changed],
    [t.many.unchanged, unchanged],
    [t.many.refused, refused],
    ...(left > 0 ? [[t.many.left, left] as const] : []),
  ] as const
  return (
    <div className="rounded-md border border-line">
      <Facts rows={rows.map(([name, count]) => [name, t.many.number(count)] as const)} />
    </div>
  )
}
