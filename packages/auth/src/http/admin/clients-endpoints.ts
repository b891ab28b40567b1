/** Clients and their secrets in the admin API: read the request, run the use case, respond. */

import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { OAuthError } from '@modulariot/oauth/protocol'
import { countLines, linesOf } from '@modulariot/platform/json'
import {
  type BulkResult,
  type CreatedClient,
  createClient,
  createClients,
  getClient,
  listClients,
  updateClient,
} from '../../admin/clients.ts'
import {
  parseClientChange,
  parseClientInput,
  parseLine,
  parseNewSecret,
  parseRotation,
} from '../../admin/schemas.ts'
import { type AddedSecret, addSecret, revokeSecret, rotateSecrets } from '../../admin/secrets.ts'
import { revokeClientTokens } from '../../admin/tokens.ts'
import { listSecrets } from '../../admin/usage.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import type { Client, ClientView, Tenant } from '../../records/client.ts'
import { type AdminCall, etagOf, filter, ifMatch, jsonBody, param } from './call.ts'
import { idempotently } from './idempotently.ts'
import { nextCursor, requestedPage } from './page.ts'

export async function list({ request, context }: AdminCall) {
  const { limit, cursor } = requestedPage(request)
  const { clients, next } = await listClients(
    {
      limit,
      after: cursor,
      search: filter(request, 'search'),
      tag: filter(request, 'tag'),
      external_id: filter(request, 'external_id'),
      status: statusFilter(filter(request, 'status')),
    },
    context,
  )
  return { clients, next_cursor: nextCursor(next) }
}

export async function create(call: AdminCall) {
  const { request, context, reply } = call
  const input = { ...parseClientInput(jsonBody(request)), ...callerTenant(call) }
  const created = await idempotently<Replayable<CreatedClient>>(
    call,
    () => createClient(input, context),
    (client) => ({ client, client_secret: null }),
  )
  reply.header('location', `/admin/v1/clients/${created.client.client_id}`)
  return withETag(call, created.client, created)
}

/** Lines handled in one transaction; other requests run between two. */
const BULK_BATCH = 50
const MAX_BULK_LINES = 20_000

/**
 * The response is produced as it is read: the next transaction starts once the previous lines have
 * gone to the socket, and none starts after the reader has left. Each checks the caller's
 * authority.
 */
export async function createMany(call: AdminCall): Promise<Readable> {
  const { body = Buffer.alloc(0) } = call.request
  if (countLines(body, MAX_BULK_LINES) > MAX_BULK_LINES) {
    throw invalidInput(`send at most ${MAX_BULK_LINES} lines, including blank ones`)
  }
  const lines = linesOf(body)
  const tenant = callerTenant(call)
  const make = async (batch: readonly string[]): Promise<string> =>
    answerLines(await createClients(batch.values().map(parseLine), tenant, call.context))
  // Before the head is sent, so that a refusal or an outage at the start still has a status.
  const firstBatch = takeLines(lines)
  const first = firstBatch.length === 0 ? null : await make(firstBatch)
  async function* results() {
    if (first === null) return
    yield first
    for (let batch = takeLines(lines); batch.length > 0; batch = takeLines(lines)) {
      await setImmediate()
      try {
        yield await make(batch)
      } catch (error) {
        if (!(error instanceof OAuthError)) throw error
        call.request.log.info({ reason: error.reason }, 'refused')
        yield answerLines([stopped(error)])
        return
      }
    }
  }
  call.reply.type('application/x-ndjson')
  return readInStep(results())
}

/**
 * `Readable.from` requests the next step while the previous one still waits for the socket; this
 * does not.
 */
function readInStep(steps: AsyncGenerator<string>): Readable {
  return new Readable({
    highWaterMark: 0,
    read() {
      steps.next().then(
        ({ done, value }) => this.push(done ? null : value),
        (error) => this.destroy(error),
      )
    },
  })
}

function answerLines(results: readonly BulkResult[]): string {
  return results.map((result) => `${JSON.stringify(result)}\n`).join('')
}

/** Written instead of breaking the connection, which would look like a network failure. */
function stopped({ error_description }: OAuthError): BulkResult {
  const message = `${error_description}; this line and those after it were not processed`
  return { status: 'stopped', message }
}

/** The next lines; fewer than BULK_BATCH at the end. */
function takeLines(lines: Iterator<string, void>): string[] {
  const batch: string[] = []
  while (batch.length < BULK_BATCH) {
    const line = lines.next()
    if (line.done) break
    batch.push(line.value)
  }
  return batch
}

export async function get(call: AdminCall) {
  const client = await getClient(param(call.request, 'client_id'), call.context)
  return withETag(call, client, client)
}

export async function update(call: AdminCall) {
  const { request, context } = call
  const change = parseClientChange(jsonBody(request))
  const id = param(request, 'client_id')
  const client = await updateClient(id, change, ifMatch(request), context)
  return withETag(call, client, client)
}

export async function secrets({ request, context }: AdminCall) {
  return { secrets: await listSecrets(param(request, 'client_id'), context) }
}

export async function addOneSecret(call: AdminCall) {
  const { label = 'added', expires_at = null } = parseNewSecret(jsonBody(call.request))
  const id = param(call.request, 'client_id')
  return secretAnswer(call, () => addSecret(id, { label, expires_at }, call.context))
}

export async function rotateClientSecrets(call: AdminCall) {
  const { label = 'rotated', overlap_seconds } = parseRotation(jsonBody(call.request))
  const id = param(call.request, 'client_id')
  const options = { label, overlapSeconds: overlap_seconds }
  return secretAnswer(call, () => rotateSecrets(id, options, call.context))
}

export async function revokeOneSecret({ request, context }: AdminCall) {
  return revokeSecret(param(request, 'client_id'), param(request, 'secret_id'), context)
}

export async function revokeTokens(call: AdminCall) {
  const id = param(call.request, 'client_id')
  const client = await idempotently<ClientView>(
    call,
    () => revokeClientTokens(id, call.context),
    (after) => after,
  )
  return withETag(call, client, client)
}

/** A response that shows a secret the first time, and null in replays. */
type Replayable<Answer> = Omit<Answer, 'client_secret'> & { readonly client_secret: string | null }

async function secretAnswer(call: AdminCall, change: () => Promise<AddedSecret>) {
  const added = await idempotently<Replayable<AddedSecret>>(call, change, (client) => ({
    client,
    secret_id: client.secrets.at(-1)?.secret_id ?? '',
    client_secret: null,
  }))
  return withETag(call, added.client, added)
}

function withETag<Answer>({ reply }: AdminCall, client: ClientView, answer: Answer): Answer {
  reply.header('etag', etagOf(client))
  return answer
}

function callerTenant({ context }: AdminCall): Tenant {
  if (context.tenant === null) throw new Error('the admin API always acts for a tenant')
  return context.tenant
}

function statusFilter(status: string | undefined): Client['status'] | undefined {
  if (status === undefined || status === 'active' || status === 'disabled') return status
  throw invalidInput('status must be active or disabled')
}
