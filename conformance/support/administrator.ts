/** An administrator: a client of the admin API's audience, and a token for it. */

import type { RunningServer } from './running-server.ts'
import { createClient } from './token-requests.ts'

/** @param options of `miot clients create`, such as the tenant. */
export async function adminToken(
  server: Pick<RunningServer, 'url' | 'miot'>,
  options: readonly string[] = [],
): Promise<string> {
  const audience = `${server.url}/admin/v1`
  const create = ['--name', 'admin', '--audience', audience, ...options]
  const credentials = await createClient(server, ...create)
  const body = new URLSearchParams({ ...credentials })
  const answer = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}
