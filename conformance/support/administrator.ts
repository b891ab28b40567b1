/** An administrator: a client of the admin API's audience, and a token for it. */

import assert from 'node:assert/strict'
import type { RunningServer } from './running-server.ts'

/** @param options of `miot clients create`, such as the tenant. */
export async function adminToken(
  server: Pick<RunningServer, 'url' | 'miot'>,
  options: readonly string[] = [],
): Promise<string> {
  const audience = `${server.url}/admin/v1`
  const create = ['clients', 'create', '--name', 'admin', '--audience', audience, '--json']
  const made = await server.miot([...create, ...options])
  assert.equal(made.status, 0, made.stderr)
  const { client_id, client_secret } = JSON.parse(made.stdout)
  const credentials = { grant_type: 'client_credentials', client_id, client_secret, audience }
  const body = new URLSearchParams(credentials)
  const answer = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body })
  return ((await answer.json()) as { access_token: string }).access_token
}
