/** The refusal that arrived instead of what the reader waits for. */

import { useQuery } from '@tanstack/react-query'
import { dataOf, type RefusedRequest } from '../api/admin.ts'
import { useHere } from '../state/session.ts'

const EVERY_MS = 1500
const LOOKED_AT = 20
const LOGIN = / \/(api\/v1\/login|oauth2?\/token)$/

/**
 * The newest refusal of an application, or one that names no known application: a misspelt
 * `client_id` is the reader's own where there is one organization. Null: none, or it may not be
 * read.
 *
 * @param since ISO 8601.
 */
export function useLatestRefusal(
  client_id: string,
  since: string,
  enabled = true,
): RefusedRequest | null {
  const here = useHere()
  const { data } = useQuery({
    queryKey: ['latest-refusal', here.org_id, here.environment, client_id, since],
    enabled: enabled && here.refusal('usage:read') === null,
    refetchInterval: EVERY_MS,
    queryFn: async () => {
      const query = { since, limit: LOOKED_AT }
      const answer = here.admin.GET('/admin/v1/activity/refusals', { params: { query } })
      return (await dataOf(answer)).refusals
    },
  })
  const own = data?.find((one) => one.client_id === client_id)
  const nameless = data?.filter((one) => one.client_id === null) ?? []
  // Without a token reports are refused, too, and that is not the cause.
  return own ?? nameless.find(({ endpoint }) => LOGIN.test(endpoint)) ?? nameless[0] ?? null
}
