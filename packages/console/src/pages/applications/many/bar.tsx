/** Above the list: how many are selected, and what can be done with them. */

import { useState } from 'react'
import type { ListedClient } from '../../../api/admin.ts'
import { useHere } from '../../../state/session.ts'
import { t } from '../../../texts/index.ts'
import { FailureLine } from '../../../ui/answers.tsx'
import { Button } from '../../../ui/button.tsx'
import { classes } from '../../../ui/classes.ts'
import { ManyDialog } from './dialog.tsx'
import type { Action } from './run.ts'
import type { SelectionState } from './selection.ts'

const ACTIONS: readonly Action[] = ['add_tags', 'remove_tags', 'rotate', 'disable', 'enable']

export function SelectionBar(props: {
  readonly state: SelectionState
  /** Those of the list that are loaded. */
  readonly clients: readonly ListedClient[]
  readonly hasMore: boolean
}) {
  const { state, clients, hasMore } = props
  const { selection, reading, error, clear, selectAll } = state
  const { refusal, environment } = useHere()
  const [action, setAction] = useState<Action | null>(null)
  const { size } = selection.clients
  return (
    <section
      aria-label={t.many.bar}
      className={classes(
        'sticky z-10 mb-3 flex flex-wrap items-center gap-2 rounded-lg border border-line bg-raised px-3 py-1.5 shadow-panel',
        // Below the band of production.
        environment === 'production' ? 'top-8' : 'top-2',
      )}
    >
      <Button size="small" look="quiet" busy={reading !== null} onClick={selectAll}>
        {reading !== null
          ? t.many.reading(reading)
          : hasMore
            ? t.many.selectMatching
            : t.many.selectAll(clients.length)}
      </Button>
      <span role="status" className="text-xs font-medium">
        {size > 0 && t.many.selected(size)}
      </span>
      {(size > 0 || reading !== null) && (
        <Button size="small" look="quiet" onClick={clear}>
          {t.many.clear}
        </Button>
      )}
      {size > 0 && (
        <div className="flex flex-wrap gap-2 sm:ml-auto">
          {ACTIONS.map((one) => (
            <Button
              key={one}
              size="small"
              refused={refusal('clients:write')}
              onClick={() => setAction(one)}
            >
              {t.many.actions[one]}
            </Button>
          ))}
        </div>
      )}
      <FailureLine error={error} />
      {action !== null && (
        <ManyDialog
          action={action}
          selection={selection}
          onClose={(changed) => {
            setAction(null)
            if (changed) clear()
          }}
        />
      )}
    </section>
  )
}
