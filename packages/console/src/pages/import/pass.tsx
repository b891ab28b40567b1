/** One pass over the file: how far it is, what became of the rows, and how to stop or go on. */

import { type ReactNode, useSyncExternalStore } from 'react'
import { Refusal } from '../../api/refusal.ts'
import { t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import { ProgressBar } from '../../ui/progress.tsx'
import { CutShort, type Progress, type Run, type Status, StoppedByServer } from './run.ts'

export function useProgress(run: Run): Progress {
  return useSyncExternalStore(run.subscribe, run.progress)
}

export const isRunning = ({ state }: Progress): boolean =>
  state === 'running' || state === 'stopping'

export function Pass(props: {
  readonly run: Run
  readonly title: string
  readonly about: string
  readonly shown: readonly Status[]
  /** Rows of the file that are known already, and not part of this pass. */
  readonly before?: Partial<Progress['counts']>
  readonly children?: ReactNode
}) {
  const { run, title, about, shown, before = {} } = props
  const progress = useProgress(run)
  const { state, done, total, counts, error } = progress
  return (
    <Panel
      title={title}
      about={about}
      actions={
        state === 'running' ? (
          <Button size="small" onClick={run.stop}>
            {t.imports.stop}
          </Button>
        ) : state === 'stopped' || state === 'failed' ? (
          <Button size="small" onClick={() => void run.start()}>
            {t.imports.resume}
          </Button>
        ) : null
      }
    >
      <div className="flex flex-col gap-4">
        <div className="flex flex-col gap-1.5">
          <ProgressBar label={title} done={done} total={total} />
          <p role="status" className="text-xs text-muted">
            {t.imports.progress(done, total)}
            {state === 'stopping' && ` · ${t.imports.stopping}`}
            {state === 'stopped' && ` · ${t.imports.stopped}`}
            {state === 'failed' && ` · ${t.imports.failed}`}
          </p>
        </div>
        <dl className="grid gap-3 sm:grid-cols-3">
          {shown
            .filter((status) => status !== 'unanswered' || counts.unanswered > 0)
            .map((status) => (
              <div key={status} className="rounded-md border border-line px-3 py-2">
                <dt className="text-xs text-muted">{t.imports.counts[status]}</dt>
                <dd className="text-lg font-semibold tabular-nums">
                  {t.imports.number(counts[status] + (before[status] ?? 0))}
                </dd>
              </div>
            ))}
        </dl>
        {state === 'failed' && <FailureOf error={error} />}
        {props.children}
      </div>
    </Panel>
  )
}

function FailureOf({ error }: { readonly error: unknown }) {
  if (error instanceof Refusal) return <FailureLine error={error} />
  if (error instanceof CutShort) return <Notice tone="bad">{t.imports.cutShort}</Notice>
  if (error instanceof StoppedByServer) return <Notice tone="bad">{error.message}</Notice>
  return <FailureLine error={error} />
}
