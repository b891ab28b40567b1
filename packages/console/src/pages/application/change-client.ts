/** Changes one application, only if it is still as it was read. */

import type { Client, ClientChange } from '../../api/admin.ts'
import { dataOf } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { curlOf } from '../../ui/shell-words.ts'

/** First words of what a change makes stale. */
export const STALE = ['client', 'clients', 'usage', 'audit'] as const

export function useClientChange(client: Client, onDone: () => void, done: string = t.common.saved) {
  const { admin } = useHere()
  return useChange({
    change: (body: ClientChange) =>
      dataOf(
        admin.PATCH('/admin/v1/clients/{client_id}', {
          params: {
            path: { client_id: client.client_id },
            header: { 'If-Match': `"v${client.version}"` },
          },
          body,
        }),
      ),
    invalidates: STALE,
    done,
    after: onDone,
  })
}

export function curlOfChange({ client_id }: Client, change: ClientChange): string {
  return curlOf('PATCH', `/clients/${client_id}`, change)
}
