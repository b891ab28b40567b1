/** The new secrets of a rotation as a file, and the commands that do the same from a terminal. */

import { csvLine } from '@modulariot/platform/csv-line'
import type { ChangeResult, ManyChange } from '../../../api/admin.ts'
import type { Environment } from '../../../api/people.ts'
import { IDLE_DAYS } from '../../../state/queries.ts'
import { t } from '../../../texts/index.ts'
import { curlOf, miotOf } from '../../../ui/shell-words.ts'
import type { Selected, Selection } from './selection.ts'

const COLUMNS = ['client_id', 'external_id', 'name', 'secret_id', 'client_secret'] as const

/** With the columns of `miot secrets rotate --out`. */
export function secretsCsv(
  results: readonly ChangeResult[],
  clients: ReadonlyMap<string, Selected>,
): string {
  const lines = results
    .filter(({ client_secret }) => typeof client_secret === 'string')
    .map(({ client_id, secret_id, client_secret }) => {
      const { external_id = null, name = '' } = clients.get(client_id) ?? {}
      return csvLine([client_id, external_id, name, secret_id ?? '', client_secret as string])
    })
  return [csvLine(COLUMNS), ...lines].join('')
}

const FROM_FILE = ['--file', 'clients.txt']

/** A command with more ids than this reads them from a file. */
const MOST_NAMED = 20
/** The server takes as many at once. */
const MOST_SENT = 100

export function manyTwins(change: ManyChange, selection: Selection, environment: Environment) {
  const ids = [...selection.clients.keys()]
  const { chosen, before } = choiceOf(change, selection, ids, environment)
  const curl = curlOf('POST', '/clients/batch', { ...change, client_ids: ids.slice(0, MOST_SENT) })
  const more = ids.length > MOST_SENT ? `# ${t.many.firstHundred(ids.length)}\n` : ''
  return {
    miot: `${before}${miotOf(...commandOf(change, chosen))}`,
    curl: `${more}${curl}`,
  }
}

function commandOf(change: ManyChange, chosen: readonly string[]): string[] {
  const { action, tags = [] } = change
  if (action === 'rotate') {
    const overlap = ['--overlap', `${change.overlap_seconds}s`]
    const label = change.label ? ['--label', change.label] : []
    return ['secrets', 'rotate', ...chosen, ...overlap, ...label, '--out', 'secrets.csv']
  }
  if (action === 'disable' || action === 'enable') return ['clients', action, ...chosen]
  return ['clients', 'tag', ...chosen, action === 'add_tags' ? '--add' : '--remove', ...tags]
}

interface ChosenWords {
  readonly chosen: readonly string[]
  /** Lines above the command. */
  readonly before: string
}

function choiceOf(
  { action }: ManyChange,
  { filters }: Selection,
  ids: readonly string[],
  environment: Environment,
): ChosenWords {
  const { search, tag, used, status, needs } = filters ?? {}
  const words = [
    ...(search ? ['--search', search] : []),
    ...(tag ? ['--tag', tag] : []),
    ...(used === 'never' ? ['--never-used'] : []),
    ...(used === 'idle' ? ['--unused-for', `${IDLE_DAYS}d`] : []),
  ]
  // The other filters are not miot's.
  if (words.length > 0 && status === undefined && needs === undefined) {
    return { chosen: [...words, '--environment', environment], before: '' }
  }
  if (ids.length > MOST_NAMED) {
    return { chosen: FROM_FILE, before: `# clients.txt: ${t.many.idsFile(ids.length)}\n` }
  }
  if (action !== 'rotate') return { chosen: ids, before: '' }
  return { chosen: FROM_FILE, before: `printf '%s\\n' ${ids.join(' ')} > clients.txt\n` }
}
