/** Administration through the admin API of another machine. */

import type { BulkResult, ClientView, UsedSecret, WastefulClient } from '@modulariot/auth'
import { requestToken, type TokenRequestOptions } from '@modulariot/oauth/client'
import { CliError } from '../errors/cli-error.ts'
import { codeOfStatus } from '../errors/status-codes.ts'
import { answerJson, answerText, refusalMembers } from '../network/answer-body.ts'
import { queryOf } from '../network/query.ts'
import type { Admin, AuditLine, NewClientTenant } from './port.ts'

/** Gets one token for the admin API and uses it for the whole command. */
export async function createRemoteAdmin(
  url: string,
  credentials: TokenRequestOptions,
  fetch: typeof globalThis.fetch,
): Promise<Admin> {
  const { access_token } = await requestToken(credentials, fetch)
  const { send, json } = createRequests(url, access_token, fetch)
  const client = (id: string): string => `/clients/${encodeURIComponent(id)}`

  return {
    createClient: async (input, tenant) => {
      assertNoTenant(tenant)
      return json('POST', '/clients', input)
    },
    createClients: async (inputs, tenant) => {
      assertNoTenant(tenant)
      const lines = inputs.map((input) => JSON.stringify(input ?? null)).join('\n')
      const response = await send('POST', '/clients/bulk', lines, {
        'content-type': 'application/x-ndjson',
      })
      const text = (await answerText(response)).trim()
      return text.split('\n').map((line) => JSON.parse(line) as BulkResult)
    },
    listClients: async ({ after, ...query }) => {
      assertNoTenant(query)
      const page = await json<{ clients: ClientView[]; next_cursor: string | null }>(
        'GET',
        `/clients${queryOf({ ...query, cursor: after })}`,
      )
      return { clients: page.clients, next: page.next_cursor }
    },
    getClient: (id) => json('GET', client(id)),
    updateClient: async (id, change, ifVersion) => {
      const headers = { ...JSON_BODY, 'if-match': `"v${ifVersion}"` }
      const response = await send('PATCH', client(id), JSON.stringify(change), headers)
      return (await answerJson(response)) as ClientView
    },
    addSecret: (id, options) => json('POST', `${client(id)}/secrets`, options),
    rotateSecrets: (id, { label, overlapSeconds: overlap_seconds }) =>
      json('POST', `${client(id)}/secrets/rotate`, { label, overlap_seconds }),
    revokeSecret: (id, secret_id) =>
      json('DELETE', `${client(id)}/secrets/${encodeURIComponent(secret_id)}`),
    revokeTokens: (id) => json('POST', `${client(id)}/tokens/revoke`),
    listSecrets: async (id) =>
      (await json<{ secrets: UsedSecret[] }>('GET', `${client(id)}/secrets`)).secrets,
    wastefulClients: async () =>
      (await json<{ clients: WastefulClient[] }>('GET', '/usage/wasteful?limit=500')).clients,
    listAudit: async (query) =>
      (await json<{ entries: AuditLine[] }>('GET', `/audit${queryOf(query)}`)).entries,
    auditCheckpoint: () => json('GET', '/audit/checkpoint'),
  }
}

const TIMEOUT_MS = 120_000
const JSON_BODY = { 'content-type': 'application/json' }

/** Requests to the admin API; a refusal is thrown as a CliError with the server's message. */
function createRequests(url: string, access_token: string, fetch: typeof globalThis.fetch) {
  async function send(
    method: string,
    path: string,
    body?: string,
    headers: Readonly<Record<string, string>> = JSON_BODY,
  ): Promise<Response> {
    const response = await fetch(`${url}/admin/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${access_token}`, ...(body !== undefined && headers) },
      ...(body !== undefined && { body }),
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (response.ok) return response
    const { detail } = await refusalMembers(response)
    const message = typeof detail === 'string' ? detail : `${url} returned ${response.status}`
    // Malformed input came from the command line.
    const code = response.status === 400 ? 'usage' : codeOfStatus(response.status)
    throw new CliError(code, message)
  }
  async function json<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await send(method, path, body === undefined ? body : JSON.stringify(body))
    return (await answerJson(response)) as Answer
  }
  return { send, json }
}

/** Ignoring these options would create the client in the wrong organization. */
function assertNoTenant({ org, environment }: NewClientTenant): void {
  if (org !== undefined || environment !== undefined) {
    throw new CliError(
      'usage',
      'With --url, the token determines the organization and environment; leave out --org and --environment',
    )
  }
}
