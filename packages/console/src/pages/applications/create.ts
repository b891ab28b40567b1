/** Creating an application; its secret is in this answer alone. */

import type { Audience, Client } from '../../api/admin.ts'
import { dataOf } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { useHere } from '../../state/session.ts'

export interface Created {
  readonly client: Client
  readonly client_secret: string
  readonly audience: string
}

export interface NewApplication {
  readonly name: string
  readonly audience: Audience['audience']
  readonly tags?: readonly string[]
  readonly external_id?: string
}

export function useCreateApplication(onCreated: (created: Created) => void) {
  const { admin } = useHere()
  return useChange({
    change: async ({ name, audience, tags, external_id }: NewApplication): Promise<Created> => {
      const { client, client_secret } = await dataOf(
        admin.POST('/admin/v1/clients', {
          // A repeated request creates nothing twice.
          params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
          body: {
            name,
            grants: [{ audience }],
            ...(tags !== undefined && tags.length > 0 && { tags: [...tags] }),
            ...(external_id && { external_id }),
          },
        }),
      )
      return { client, client_secret: client_secret ?? '', audience }
    },
    invalidates: ['clients'],
    after: onCreated,
  })
}
