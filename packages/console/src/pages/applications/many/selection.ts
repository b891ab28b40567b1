/** Which applications are selected: one by one, or all that match the filters. */

import { useEffect, useRef, useState } from 'react'
import type { ListedClient } from '../../../api/admin.ts'
import { type ClientFilters, clientsPage } from '../../../state/queries.ts'
import { type Here, useHere } from '../../../state/session.ts'

/** What the dialogs say of each; a fleet may have ten thousand. */
export interface Selected {
  readonly client_id: string
  readonly name: string
  readonly external_id: string | null
  readonly last_used_at: string | null
}

export interface Selection {
  readonly clients: ReadonlyMap<string, Selected>
  /** The filters that select exactly these; null: they were picked. */
  readonly filters: ClientFilters | null
}

export const NOTHING: Selection = { clients: new Map(), filters: null }

const PAGE = 500

/** Every application that matches. @param onCount after each page. */
export async function selectMatching(
  here: Here,
  filters: ClientFilters,
  onCount: (count: number) => void,
  signal: AbortSignal,
): Promise<Selection> {
  const clients = new Map<string, Selected>()
  let cursor: string | null = null
  do {
    const page = await clientsPage(here, filters, { cursor, limit: PAGE, signal })
    for (const client of page.clients) clients.set(client.client_id, selectedOf(client))
    onCount(clients.size)
    cursor = page.next_cursor as string | null
  } while (cursor !== null && !signal.aborted)
  signal.throwIfAborted()
  return { clients, filters }
}

export function toggled({ clients }: Selection, client: ListedClient): Selection {
  const next = new Map(clients)
  if (!next.delete(client.client_id)) next.set(client.client_id, selectedOf(client))
  return { clients: next, filters: null }
}

function selectedOf(client: ListedClient): Selected {
  const { client_id, name } = client
  return {
    client_id,
    name,
    external_id: client.external_id as string | null,
    last_used_at: client.last_used_at as string | null,
  }
}

export interface SelectionState {
  readonly selection: Selection
  readonly toggle: (client: ListedClient) => void
  readonly clear: () => void
  readonly selectAll: () => void
  /** How many were read so far while all are being selected; null: they are not. */
  readonly reading: number | null
  readonly error: unknown
}

/** Empty again when the place or the filters change: what is not in sight is not selected. */
export function useSelection(filters: ClientFilters): SelectionState {
  const here = useHere()
  const key = JSON.stringify([here.org_id, here.environment, filters])
  const [state, setState] = useState({ key, selection: NOTHING })
  const [reading, setReading] = useState<number | null>(null)
  const [error, setError] = useState<unknown>(null)
  const run = useRef(new AbortController())
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new list ends what was read for the old
  useEffect(() => {
    run.current = new AbortController()
    setReading(null)
    setError(null)
    return () => run.current.abort()
  }, [key])
  const selection = state.key === key ? state.selection : NOTHING
  return {
    selection,
    reading,
    error,
    toggle: (client) => setState({ key, selection: toggled(selection, client) }),
    clear() {
      run.current.abort()
      run.current = new AbortController()
      setReading(null)
      setState({ key, selection: NOTHING })
    },
    async selectAll() {
      const { signal } = run.current
      setReading(0)
      setError(null)
      try {
        setState({ key, selection: await selectMatching(here, filters, setReading, signal) })
      } catch (thrown) {
        if (!signal.aborted) setError(thrown)
      }
      if (!signal.aborted) setReading(null)
    },
  }
}
