/** Clients and their secrets in the admin API: read the request, run the use case, respond. */

import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { OAuthError } from '@modulariot/oauth/protocol'
import { type LoggedReason, logRefused } from '@modulariot/platform/http'
import { countLines, linesOf } from '@modulariot/platform/json'
import {
  type BulkResult,
  type CreatedClient,
  checkClients,
  createClient,
  createClients,
  deleteClient,
  getClient,
  listClients,
  updateClient,
} from '../../admin/clients.ts'
import { nextToken } from '../../admin/next-token.ts'
import {
  parseClientChange,
  parseClientInput,
  parseNewSecret,
  parseRotation,
} from '../../admin/schemas.ts'
import { type AddedSecret, addSecret, revokeSecret, rotateSecrets } from '../../admin/secrets.ts'
import { parseTime } from '../../admin/times.ts'
import { revokeClientTokens } from '../../admin/tokens.ts'
import { listAddresses, listSecrets, usageOfClient } from '../../admin/usage.ts'
import { AdminError, invalidInput } from '../../errors/admin-error.ts'
import type { Client, ClientView } from '../../records/client.ts'
import { MAX_ADDRESSES } from '../../records/usage.ts'
import type { Period } from '../../store/ports/clients.ts'
import { parseLine } from '../../text/parse-line.ts'
import { type AdminCall, callerTenant, etagOf, filter, ifMatch, jsonBody, param } from './call.ts'
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
      never_used: trueFilter(filter(request, 'never_used'), 'never_used'),
      unused_since: timeFilter(filter(request, 'unused_since'), 'unused_since'),
      failing_since: timeFilter(filter(request, 'failing_since'), 'failing_since'),
      secret_ends: endsBefore(
        timeFilter(filter(request, 'secret_ends_before'), 'secret_ends_before'),
        context.now(),
      ),
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
  const createOrCheck = isDryRun(call) ? checkClients : createClients
  const make = async (batch: readonly string[]): Promise<string> =>
    answerLines(await createOrCheck(batch.values().map(parseLine), tenant, call.context))
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
        const lost = lostAuthority(error)
        if (lost === null) throw error
        logRefused(call.request, lost.reason, {})
        yield answerLines([stopped(lost.why)])
        return
      }
    }
  }
  call.reply.type('application/x-ndjson')
  return readInStep(results())
}

/** Anything but `true` is refused: creating clients by mistake would be worse. */
function isDryRun({ request: { query } }: AdminCall): boolean {
  if (query.dry_run === undefined || query.dry_run === 'true') return query.dry_run === 'true'
  throw invalidInput('dry_run must be true, or be left out')
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

/** Lines that are refused for another cause do not throw. */
function lostAuthority(error: unknown): { reason: LoggedReason; why: string } | null {
  if (error instanceof OAuthError) return { reason: error.reason, why: error.error_description }
  if (error instanceof AdminError) return { reason: { kind: error.code }, why: error.message }
  return null
}

/** Written instead of breaking the connection, which would look like a network failure. */
function stopped(why: string): BulkResult {
  const message = `${why}; this line and those after it were not processed`
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

export async function remove({ request, context }: AdminCall) {
  return deleteClient(param(request, 'client_id'), context)
}

export async function secrets({ request, context }: AdminCall) {
  return { secrets: await listSecrets(param(request, 'client_id'), context) }
}

export async function usage({ request, context }: AdminCall) {
  return usageOfClient(param(request, 'client_id'), context)
}

export async function addresses({ request, context }: AdminCall) {
  const found = await listAddresses(param(request, 'client_id'), context)
  return { addresses: found, max_addresses: MAX_ADDRESSES }
}

export async function next({ request, context, deps }: AdminCall) {
  const audience = filter(request, 'audience') ?? null
  const scope = filter(request, 'scope') ?? null
  return nextToken(param(request, 'client_id'), { audience, scope }, context, deps)
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

function trueFilter(value: string | undefined, name: string): true | undefined {
  if (value === undefined) return undefined
  if (value === 'true') return true
  throw invalidInput(`${name} must be true, or left out`)
}

function timeFilter(value: string | undefined, name: string): string | undefined {
  return value === undefined ? undefined : parseTime(value, name)
}

function endsBefore(before: string | undefined, nowMs: number): Period | undefined {
  return before === undefined ? undefined : { from: new Date(nowMs).toISOString(), before }
}

function statusFilter(status: string | undefined): Client['status'] | undefined {
  if (status === undefined || status === 'active' || status === 'disabled') return status
  throw invalidInput('status must be active or disabled')
}
