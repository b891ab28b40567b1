/** One change to many clients in the admin API: read the request, run the use case, respond. */

import { logFailed, logRefused } from '@modulariot/platform/http'
import type { FastifyError } from 'fastify'
import {
  type Changed,
  type ChangeError,
  changeEach,
  changeOneOf,
} from '../../admin/change-clients.ts'
import type { AdminContext } from '../../admin/context.ts'
import { parseManyChange } from '../../admin/schemas.ts'
import { type ManyChange, manyChangeOf } from '../../clients/many-change.ts'
import { invalidInput } from '../../errors/admin-error.ts'
import type { ClientView } from '../../records/client.ts'
import { type AdminCall, jsonBody } from './call.ts'
import { idempotently } from './idempotently.ts'
import { loggedReason, problemOf } from './problem.ts'

export async function changeMany(call: AdminCall) {
  const { client_ids, ...input } = parseManyChange(jsonBody(call.request))
  if (new Set(client_ids).size < client_ids.length) {
    throw invalidInput('client_ids must name each client once')
  }
  const change = manyChangeOf(input)
  const one = (client_id: string, context: AdminContext) =>
    changeOnce(call, client_id, change, context)
  const stop = (error: unknown) => stopped(call, error as FastifyError)
  return { results: await changeEach(whileConnected(client_ids, call), call.context, one, stop) }
}

/** A caller that has left would not get the secrets of a rotation. */
function* whileConnected(client_ids: readonly string[], { reply }: AdminCall): Generator<string> {
  for (const client_id of client_ids) {
    if (reply.raw.destroyed) return
    yield client_id
  }
}

/**
 * A retry under the same key changes a client once, and looks again at those that were refused,
 * unchanged or not reached.
 */
function changeOnce(
  call: AdminCall,
  client_id: string,
  change: ManyChange,
  context: AdminContext,
): Promise<Changed> {
  const own = { ...context, idempotency: keyOfClient(context.idempotency, client_id) }
  return idempotently<Changed>(
    { ...call, context: own },
    () => changeOneOf(client_id, change, own),
    (after) => (change.action === 'rotate' ? replayed(after) : after),
  )
}

/** A caller's key has no space, so no other request has this key. */
function keyOfClient(
  idempotency: AdminContext['idempotency'],
  client_id: string,
): AdminContext['idempotency'] {
  return idempotency && { ...idempotency, key: `${idempotency.key} ${client_id}` }
}

function replayed(client: ClientView) {
  return { client, secret_id: client.secrets.at(-1)?.secret_id ?? '', client_secret: null }
}

/** Logged as the same error of a whole request. */
function stopped({ request }: AdminCall, error: FastifyError): ChangeError {
  const { status, code, detail } = problemOf(error)
  if (status >= 500) logFailed(request, error)
  else logRefused(request, loggedReason(error, code), {})
  return { code, message: `${detail}; this client and those after it were not looked at` }
}
