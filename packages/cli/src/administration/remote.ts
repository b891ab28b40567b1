/**
 * Administration through the admin API of another machine: the SDK's methods, paths and bodies, and
 * the CLI's own requests and errors.
 */

import type { ClientView, NextToken } from '@modulariot/auth'
import { createAuthorizedFetch, type TokenSource } from '@modulariot/oauth/client'
import {
  type AdminTransport,
  adminOver,
  type BulkResult,
  type CreatedClient as CreatedByApi,
  type NewClient,
} from '@modulariot/sdk/admin'
import { CliError } from '../errors/cli-error.ts'
import { codeOfStatus } from '../errors/status-codes.ts'
import { answerJson, answerLines, refusalMembers } from '../network/answer-body.ts'
import type { Admin, AuditLine, NewClientTenant } from './port.ts'

/** @param tokens for the admin API at `url`. */
export function createRemoteAdmin(
  url: string,
  tokens: TokenSource,
  fetch: typeof globalThis.fetch,
): Admin {
  const authorized = createAuthorizedFetch(tokens, { origins: url, fetch })
  const { clients, secrets, usage, activity, audit, audiences, keys } = adminOver(
    createTransport(url, authorized),
  )

  return {
    createClient: async (input, tenant) => {
      assertNoTenant(tenant)
      return asAnswered(await clients.create(input as NewClient))
    },
    async *createClients(inputs, tenant) {
      assertNoTenant(tenant)
      yield* clients.createMany(inputs as readonly NewClient[])
    },
    async *checkClients(inputs, tenant) {
      assertNoTenant(tenant)
      yield* clients.createMany(inputs as readonly NewClient[], { dryRun: true })
    },
    listClients: async ({ after, ...query }) => {
      assertNoTenant(query)
      const page = await clients.page({ ...query, cursor: after })
      return { clients: [...page.clients], next: page.next_cursor }
    },
    // A missing one is an error of the transport, never null.
    getClient: async (id) => (await clients.get(known(id))) as ClientView,
    updateClient: async (id, change, ifVersion) => clients.update(known(id), change, { ifVersion }),
    changeClients: (ids, change) => clients.changeMany(ids, change),
    deleteClient: async (id) => clients.delete(known(id)),
    addSecret: async (id, options) => asAnswered(await secrets.add(known(id), options)),
    rotateSecrets: async (id, { label, overlapSeconds: overlap_seconds }) =>
      asAnswered(await secrets.rotate(known(id), { label, overlap_seconds })),
    revokeSecret: async (id, secret_id) => secrets.revoke(known(id), known(secret_id)),
    revokeTokens: async (id) => clients.revokeTokens(known(id)),
    listSecrets: async (id) => [...(await secrets.list(known(id)))],
    clientUsage: async (id) => clients.usage(known(id)),
    listAddresses: async (id) => [...(await clients.addresses(known(id)))],
    nextToken: async (id, { audience, scope }) =>
      clients.nextToken(known(id), {
        ...(audience !== null && { audience }),
        ...(scope !== null && { scope }),
      }) as Promise<NextToken>,
    listRefusals: async ({ limit, ...query }) => {
      if (query.client_id !== undefined) await clients.get(known(query.client_id))
      return take(activity.refusals(query), limit)
    },
    listAudiences: async () => [...(await audiences.list())],
    listKeys: async () => [...(await keys.list())],
    wastefulClients: async () => [...(await usage.wasteful({ limit: 500 }))],
    listAudit: async (query) => (await audit.page(query)).entries as AuditLine[],
    auditCheckpoint: () => audit.checkpoint(),
  }
}

/** At most this many; the other pages are not read. */
async function take<Item>(items: AsyncIterable<Item>, limit: number): Promise<Item[]> {
  const taken: Item[] = []
  for await (const item of items) if (taken.push(item) >= limit) break
  return taken
}

/**
 * No server issues an id that a URL resolves away; the SDK refuses it as a programming error.
 *
 * @throws CliError not_found
 */
function known(id: string): string {
  if (!/^\.{0,2}$/.test(id)) return id
  throw new CliError('not_found', 'There is no such client or secret')
}

/**
 * The answer without the SDK's own member. The secret is never null here: no request is repeated.
 */
function asAnswered<Answer>({ replayed: _, ...answer }: CreatedByApi): Answer {
  return answer as Answer
}

const TIMEOUT_MS = 120_000

/** Requests to the admin API; a refusal is thrown as a CliError with the server's message. */
function createTransport(url: string, fetch: typeof globalThis.fetch): AdminTransport {
  async function request(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Response> {
    const response = await fetch(`${url}/admin/v1${path}`, {
      method,
      headers,
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
  return {
    // No command repeats a request: a key would only fill the store.
    async send({ method, path, headers: { 'idempotency-key': _, ...headers }, body }) {
      const json = { 'content-type': 'application/json', ...headers }
      const response =
        body === undefined
          ? await request(method, path, headers)
          : await request(method, path, json, JSON.stringify(body))
      return { body: await answerJson(response), replayed: false }
    },
    async *sendLines({ path, lines }) {
      const headers = { 'content-type': 'application/x-ndjson' }
      const response = await request('POST', path, headers, lines.join('\n'))
      for await (const line of answerLines(response)) yield JSON.parse(line) as BulkResult
    },
  }
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
