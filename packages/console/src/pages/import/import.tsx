/**
 * Many applications from a file: chosen, tried by the server without changes, then created.
 *
 * The secrets are in the memory of one run, and leave it as a file. They are never drawn.
 */

import type { ClientRow } from '@modulariot/auth/client-file'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useBlocker } from '@tanstack/react-router'
import { ArrowLeft, Download } from 'lucide-react'
import { useEffect, useState } from 'react'
import { audiencesQuery, preferredAudience } from '../../state/queries.ts'
import { type Here, useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button, buttonClasses } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { download } from '../../ui/download.ts'
import { Heading, Notice } from '../../ui/panel.tsx'
import { Choose } from './choose.tsx'
import { Faults } from './faults.tsx'
import { isRunning, Pass, useProgress } from './pass.tsx'
import { readFile } from './read-file.ts'
import { createRun, type Run } from './run.ts'
import { isRefusal, sendBatchTo } from './send-batch.ts'

interface Checked {
  readonly rows: readonly ClientRow[]
  readonly run: Run
}

export function Import() {
  const here = useHere()
  const audiences = useQuery(audiencesQuery(here))
  const [chosen, setChosen] = useState<string | null>(null)
  const [checked, setChecked] = useState<Checked | null>(null)
  const [reading, setReading] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const params = { org: here.org_id, environment: here.environment }
  const audience = chosen ?? preferredAudience(audiences.data ?? [])
  const take = async (file: File): Promise<void> => {
    setReading(true)
    setError(null)
    try {
      const { name } = file
      const environmentRefused = t.imports.environment
      const rows = await readFile(file, { name, audience, environmentRefused })
      const run = runOf(here, rows, true)
      setChecked({ rows, run })
      void run.start()
    } catch (fault) {
      setError(fault)
    } finally {
      setReading(false)
    }
  }
  return (
    <>
      <Heading
        title={t.imports.title}
        about={t.imports.about(t.environments[here.environment])}
        above={
          <Link
            to="/$org/$environment/applications"
            params={params}
            className="inline-flex items-center gap-1 hover:text-text"
          >
            <ArrowLeft aria-hidden className="size-3" />
            {t.nav.applications}
          </Link>
        }
      />
      {audiences.isPending && <Loading />}
      {audiences.error && <Failure error={audiences.error} retry={() => audiences.refetch()} />}
      {audiences.data && checked === null && (
        <Choose
          audiences={audiences.data}
          onFile={(file) => void take(file)}
          onAudience={setChosen}
          {...{ audience, error, reading }}
        />
      )}
      {checked !== null && <Passes {...checked} onOther={() => setChecked(null)} />}
    </>
  )
}

function runOf(here: Here, rows: readonly ClientRow[], dryRun: boolean): Run {
  const tokenUrl = `${location.origin}/api/v1/login`
  return createRun({ rows, send: sendBatchTo(here, dryRun), tokenUrl, isRefusal, dryRun })
}

/** The dry run, and below it the import once it is confirmed. */
function Passes(props: Checked & { readonly onOther: () => void }) {
  const { rows, run, onOther } = props
  const here = useHere()
  const [importing, setImporting] = useState<Run | null>(null)
  const { state, counts, faults } = useProgress(run)
  const begin = (): void => {
    const valid = run.valid()
    const next = runOf(
      here,
      rows.filter(({ line }) => valid.has(line)),
      false,
    )
    setImporting(next)
    void next.start()
  }
  // Without the page there is no use in an answer.
  useEffect(() => () => run.stop(), [run])
  if (importing !== null) return <Importing run={importing} tried={run} />
  const valid = run.valid()
  const anonymous = rows.filter((row) => row.external_id === null && valid.has(row.line)).length
  const unready = state === 'done' ? null : t.imports.unfinished
  return (
    <div className="flex flex-col gap-4">
      <Pass
        run={run}
        title={t.imports.checked}
        about={t.imports.checkedAbout}
        shown={['valid', 'exists', 'refused']}
      >
        {state === 'done' && anonymous > 0 && (
          <Notice tone="warn">{t.imports.twice(anonymous)}</Notice>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onOther}>{t.imports.chooseOther}</Button>
          <Button
            look="primary"
            refused={unready ?? (counts.valid === 0 ? t.imports.nothing : null)}
            onClick={begin}
          >
            {t.imports.create(counts.valid)}
          </Button>
        </div>
      </Pass>
      {faults.length > 0 && <Faults faults={faults} />}
    </div>
  )
}

/** @param props.tried the dry run, which knows the rows that were not sent again. */
function Importing({ run, tried }: { readonly run: Run; readonly tried: Run }) {
  const here = useHere()
  const queries = useQueryClient()
  const progress = useProgress(run)
  const [saved, setSaved] = useState(0)
  const { state, counts, faults, credentials } = progress
  const before = tried.progress()
  const all = [...before.faults, ...faults]
  const isOver = !isRunning(progress)
  const isSaved = saved === credentials
  useEffect(() => () => run.stop(), [run])
  useEffect(() => {
    const isStale = (name: unknown) => name === 'clients' || name === 'hygiene'
    if (isOver)
      void queries.invalidateQueries({ predicate: ({ queryKey }) => isStale(queryKey[0]) })
  }, [isOver, queries])
  return (
    <div className="flex flex-col gap-4">
      <Pass
        run={run}
        title={t.imports.importing}
        about={t.imports.importingAbout}
        shown={['created', 'exists', 'refused', 'unanswered']}
        before={{ exists: before.counts.exists, refused: before.counts.refused }}
      >
        {isOver && credentials > 0 && !isSaved && <Notice tone="warn">{t.imports.once}</Notice>}
        {isOver && credentials > 0 && isSaved && <Notice tone="good">{t.imports.saved}</Notice>}
        <div className="flex flex-wrap items-center justify-end gap-2">
          {state === 'done' && <p className="mr-auto">{t.imports.done(counts.created)}</p>}
          {isOver && credentials > 0 && (
            <Button
              look={isSaved ? 'plain' : 'primary'}
              onClick={() => {
                download('credentials.csv', run.credentialsFile())
                setSaved(credentials)
              }}
            >
              <Download aria-hidden className="size-3.5" />
              {t.imports.save(credentials)}
            </Button>
          )}
          {isOver && isSaved && (
            <Link
              to="/$org/$environment/applications"
              params={{ org: here.org_id, environment: here.environment }}
              className={buttonClasses('primary')}
            >
              {t.imports.toList}
            </Link>
          )}
        </div>
      </Pass>
      {all.length > 0 && <Faults faults={all} />}
      <AskWhenLeaving unless={isOver && isSaved} />
    </div>
  )
}

function AskWhenLeaving({ unless }: { readonly unless: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: () => !unless,
    enableBeforeUnload: !unless,
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return (
    <Dialog open onClose={blocker.reset} title={t.imports.leaveTitle} about={t.imports.leave}>
      <div className="flex justify-end gap-2">
        <Button onClick={blocker.reset}>{t.credentials.stay}</Button>
        <Button look="danger" onClick={blocker.proceed}>
          {t.credentials.leaveAnyway}
        </Button>
      </div>
    </Dialog>
  )
}
