/** The application that a refusal is of: its name, once it is known. */

import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { clientQuery } from '../state/queries.ts'
import { useHere } from '../state/session.ts'
import { t } from '../texts/index.ts'

const FRESH_MS = 300_000

/** `removed`: there is none with this id any more. */
export function useApplication(client_id: string | null): {
  readonly name: string | null
  readonly removed: boolean
} {
  const here = useHere()
  const { data, error } = useQuery({
    ...clientQuery(here, client_id ?? ''),
    enabled: client_id !== null && here.refusal('clients:read') === null,
    staleTime: FRESH_MS,
    retry: false,
  })
  return { name: data?.name ?? null, removed: error !== null }
}

export function ApplicationName({ client_id }: { readonly client_id: string | null }): ReactNode {
  const { name } = useApplication(client_id)
  if (client_id === null) return <span className="text-muted">{t.requests.unknownApplication}</span>
  return name ?? <code className="font-mono text-xs">{client_id}</code>
}
