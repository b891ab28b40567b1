/**
 * What became of a change to many applications. New secrets are in the state of the dialog alone:
 * they go to a file, never to the document, and are gone when the reader leaves.
 */

import { Download } from 'lucide-react'
import { useState } from 'react'
import type { ChangeResult } from '../../../api/admin.ts'
import { t } from '../../../texts/index.ts'
import { FailureLine } from '../../../ui/answers.tsx'
import { AskWhenLeaving } from '../../../ui/ask-when-leaving.tsx'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { download } from '../../../ui/download.ts'
import { CheckField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/panel.tsx'
import { secretsCsv } from './files.ts'
import { Counts } from './progress.tsx'
import type { Action } from './run.ts'
import type { Selected, Selection } from './selection.ts'
import type { RunState } from './use-run.ts'

export function Outcome(props: {
  readonly title: string
  readonly action: Action
  readonly selection: Selection
  readonly run: RunState & { readonly left: number }
  readonly onContinue: () => void
  readonly onDone: () => void
}) {
  const { title, action, selection, run, onContinue, onDone } = props
  const { results, failure, left } = run
  const secrets = results.filter(({ client_secret }) => typeof client_secret === 'string').length
  const [saved, setSaved] = useState(false)
  const may = saved || secrets === 0
  return (
    <Dialog open onClose={may ? onDone : null} title={title} wide>
      <div className="flex flex-col gap-4">
        <Counts results={results} left={left} />
        {failure !== null && <Ended failure={failure} />}
        {failure !== null && action === 'rotate' && (
          <Notice tone="warn">{t.many.answerLost}</Notice>
        )}
        <Refused results={results} clients={selection.clients} />
        {secrets > 0 && (
          <>
            <Notice tone="warn">{t.many.secretsOnce(secrets)}</Notice>
            <CheckField
              label={t.many.saved}
              checked={saved}
              onChange={({ target }) => setSaved(target.checked)}
            />
          </>
        )}
        <div className="flex flex-wrap justify-end gap-2">
          {left > 0 && <Button onClick={onContinue}>{t.many.goOn(left)}</Button>}
          {secrets > 0 && (
            <Button
              onClick={() => {
                download('secrets.csv', secretsCsv(results, selection.clients))
                setSaved(true)
              }}
            >
              <Download aria-hidden className="size-3.5" />
              {t.many.download}
            </Button>
          )}
          <Button look="primary" refused={may ? null : t.many.saveFirst} onClick={onDone}>
            {t.common.done}
          </Button>
        </div>
      </div>
      <AskWhenLeaving unless={may} title={t.many.leaveTitle} about={t.many.leave} />
    </Dialog>
  )
}

/** The server's words for what stopped it, or the failure of a request. */
function Ended({ failure }: { readonly failure: unknown }) {
  if (typeof failure !== 'string') return <FailureLine error={failure} />
  return <Notice tone="bad">{t.many.ended(failure)}</Notice>
}

/** More than a reader looks through; the counts have all. */
const MOST_SHOWN = 200

function Refused(props: {
  readonly results: readonly ChangeResult[]
  readonly clients: ReadonlyMap<string, Selected>
}) {
  const refused = props.results.filter(({ status }) => status === 'refused')
  if (refused.length === 0) return null
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it
      tabIndex={0}
      aria-label={t.many.refusedTitle}
      className="max-h-60 overflow-auto rounded-md border border-line"
    >
      <ul className="divide-y divide-line">
        {refused.slice(0, MOST_SHOWN).map(({ client_id, error }) => (
          <li key={client_id} className="px-3 py-2">
            <span className="font-medium">{props.clients.get(client_id)?.name ?? client_id}</span>
            <span className="block text-xs text-muted">{error?.message}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
