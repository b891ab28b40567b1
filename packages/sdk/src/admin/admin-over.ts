/**
 * The admin API's methods, paths and bodies, each written once. How a request is sent, repeated and
 * refused is the transport's.
 */

import { RefusedError } from '../request/refused-error.ts'
import { queryOf, segment } from '../request/urls.ts'
import { batchesOf } from './batches.ts'
import type { CallOptions } from './call-options.ts'
import { entriesOf, listIn } from './entries.ts'
import type {
  AuditPage,
  ChangeOptions,
  ClientAdmin,
  ClientsPage,
  ModularIoTAdmin,
  PageQuery,
  SecretAdmin,
  UpdateOptions,
} from './modular-iot-admin.ts'
import { peopleOver } from './people-over.ts'
import type {
  Activity,
  AddedSecret,
  Audience,
  AuditCheckpoint,
  ChangeResult,
  Client,
  ClientChange,
  ClientUsage,
  CreatedClient,
  Hygiene,
  LoginAddress,
  NextToken,
  Refusal,
  Retention,
  ServerVersion,
  UsedSecret,
  WastefulClient,
} from './records.ts'
import type { AdminTransport } from './transport.ts'

interface RefusalPage {
  readonly refusals: readonly Refusal[]
  readonly next_cursor: string | null
}

export function adminOver(transport: AdminTransport): ModularIoTAdmin {
  const read = readerOver(transport)
  return {
    clients: clientsOver(transport),
    secrets: secretsOver(transport),
    ...peopleOver(transport),
    audiences: {
      list: async ({ signal } = {}) =>
        listIn(await read<{ audiences: Audience[] }>('/audiences', { signal }), 'audiences'),
    },
    usage: {
      wasteful: async ({ limit, signal } = {}) => {
        const path = `/usage/wasteful${queryOf({ limit })}`
        return listIn(await read<{ clients: WastefulClient[] }>(path, { signal }), 'clients')
      },
    },
    activity: {
      hygiene: (options = {}) => read<Hygiene>('/clients/hygiene', options),
      get: ({ signal, ...query } = {}) =>
        read<Activity>(`/activity${queryOf({ ...query })}`, { signal }),
      refusals: (query = {}) =>
        entriesOf('refusals', (page) =>
          read<RefusalPage>(listPath('/activity/refusals', query, page), query),
        ),
    },
    audit: {
      list: (query = {}) =>
        entriesOf('entries', (page) => read<AuditPage>(listPath('/audit', query, page), query)),
      page: (query = {}) => read<AuditPage>(listPath('/audit', query), query),
      checkpoint: (options = {}) => read<AuditCheckpoint>('/audit/checkpoint', options),
    },
    server: {
      version: (options = {}) => read<ServerVersion>('/version', options),
      retention: (options = {}) => read<Retention>('/retention', options),
    },
  }
}

function clientsOver(transport: AdminTransport): ClientAdmin {
  const read = readerOver(transport)
  async function update(
    client_id: string,
    change: ClientChange,
    { ifVersion, signal }: UpdateOptions = {},
  ): Promise<Client> {
    const headers = ifVersion === undefined ? {} : { 'if-match': `"v${ifVersion}"` }
    const path = clientPath(client_id)
    const answer = await transport.send({ method: 'PATCH', path, headers, body: change, signal })
    return answer.body as Client
  }
  return {
    list: (query = {}) =>
      entriesOf('clients', (page) => read<ClientsPage>(listPath('/clients', query, page), query)),
    page: (query = {}) => read<ClientsPage>(listPath('/clients', query), query),

    async get(client_id, options = {}) {
      try {
        return await read<Client>(clientPath(client_id), options)
      } catch (error) {
        // Only the API itself knows that there is none.
        if (error instanceof RefusedError && error.status === 404 && error.isFinal) return null
        throw error
      }
    },

    create: (client, options) => change<CreatedClient>('/clients', client, options, transport),

    async *createMany(clients, { dryRun, signal } = {}) {
      const path = `/clients/bulk${queryOf({ dry_run: dryRun || undefined })}`
      for await (const lines of batchesOf(clients)) {
        for await (const result of transport.sendLines({ path, lines, signal })) {
          yield result
          if (result.status === 'stopped') return
        }
      }
    },

    async *changeMany(client_ids, manyChange, { idempotencyKey, signal } = {}) {
      // The server keeps a key for each client, so the requests may share one.
      const options = { idempotencyKey: idempotencyKey ?? crypto.randomUUID(), signal }
      for (const part of partsOf(client_ids)) {
        const body = { ...manyChange, client_ids: part }
        const results = listIn(
          await change<{ results: ChangeResult[] }>('/clients/batch', body, options, transport),
          'results',
        )
        yield* results
        if (results.at(-1)?.status === 'stopped') return
      }
    },

    update,
    disable: (client_id, options) => update(client_id, { status: 'disabled' }, options),
    enable: (client_id, options) => update(client_id, { status: 'active' }, options),

    async delete(client_id, { signal } = {}) {
      const path = clientPath(client_id)
      return (await transport.send({ method: 'DELETE', path, headers: {}, signal })).body as Client
    },

    usage: (client_id, options = {}) =>
      read<ClientUsage>(`${clientPath(client_id)}/usage`, options),

    addresses: async (client_id, options = {}) => {
      const path = `${clientPath(client_id)}/addresses`
      return listIn(await read<{ addresses: LoginAddress[] }>(path, options), 'addresses')
    },

    nextToken: (client_id, { signal, audience, scope } = {}) =>
      read<NextToken>(`${clientPath(client_id)}/next-token${queryOf({ audience, scope })}`, {
        signal,
      }),

    async revokeTokens(client_id, options) {
      const path = `${clientPath(client_id)}/tokens/revoke`
      const { replayed: _, ...client } = await change<Client>(path, undefined, options, transport)
      return client
    },
  }
}

function secretsOver(transport: AdminTransport): SecretAdmin {
  const read = readerOver(transport)
  const secretsPath = (client_id: string) => `${clientPath(client_id)}/secrets`
  return {
    list: async (client_id, options = {}) =>
      listIn(await read<{ secrets: UsedSecret[] }>(secretsPath(client_id), options), 'secrets'),

    add: (client_id, { label, expires_at, ...options } = {}) =>
      change<AddedSecret>(secretsPath(client_id), { label, expires_at }, options, transport),

    rotate(client_id, { label, overlap_seconds, ...options }) {
      const path = `${secretsPath(client_id)}/rotate`
      return change<AddedSecret>(path, { label, overlap_seconds }, options, transport)
    },

    async revoke(client_id, secret_id, { signal } = {}) {
      const path = `${secretsPath(client_id)}/${segment('secret_id', secret_id)}`
      return (await transport.send({ method: 'DELETE', path, headers: {}, signal })).body as Client
    },
  }
}

function readerOver({ send }: AdminTransport) {
  return async <Body>(path: string, { signal }: CallOptions): Promise<Body> =>
    (await send({ method: 'GET', path, headers: {}, signal })).body as Body
}

/** A POST under a key, so that it may be repeated. */
async function change<Body extends object>(
  path: string,
  body: object | undefined,
  { idempotencyKey = crypto.randomUUID(), signal }: ChangeOptions = {},
  { send }: AdminTransport,
): Promise<Body & { readonly replayed: boolean }> {
  const headers = { 'idempotency-key': idempotencyKey }
  const answer = await send({ method: 'POST', path, headers, body, signal })
  return { ...(answer.body as Body), replayed: answer.replayed }
}

function listPath(path: string, { signal: _, ...filters }: CallOptions, page?: PageQuery): string {
  return `${path}${queryOf({ ...filters, ...page })}`
}

/** As many as the server takes at once. */
const MAX_CHANGED_CLIENTS = 100

function* partsOf(client_ids: Iterable<string>): Generator<string[]> {
  let part: string[] = []
  for (const client_id of client_ids) {
    part.push(client_id)
    if (part.length < MAX_CHANGED_CLIENTS) continue
    yield part
    part = []
  }
  if (part.length > 0) yield part
}

function clientPath(client_id: string): string {
  return `/clients/${segment('client_id', client_id)}`
}
