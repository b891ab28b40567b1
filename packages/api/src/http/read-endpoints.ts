/** `GET /v1/assets…` and `/v1/events`: reads a page or an asset and sends it. */

import type { Verifier } from '@modulariot/oauth/resource-server'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import type { ClientBudget } from '../limits/client-budget.ts'
import type { TenantTurns } from '../limits/tenant-turns.ts'
import { getAsset, noSuchAsset } from '../read/assets.ts'
import type { TelemetryStore, Tenant } from '../store/store.ts'
import { assetJson, eventJson } from './asset-json.ts'
import { assetsPage, eventsPage, metricsPage, positionsPage } from './lists.ts'
import { JSON_UTF8, pageJsonInTurns } from './page-json.ts'
import { accessTokenClaims, verifyAgain } from './require-access-token.ts'
import { SCOPES } from './scopes.ts'

export interface ReadEndpointDeps {
  readonly store: TelemetryStore
  readonly charts: TenantTurns
  readonly budget: Pick<ClientBudget, 'assertWithin' | 'charge'>
  readonly verifier: Verifier
  /** Unix milliseconds. */
  readonly now: () => number
}

type ReadRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
}>

export function assetsEndpoint(deps: ReadEndpointDeps) {
  return (request: ReadRequest, reply: FastifyReply) => {
    const read = (tenant: Tenant) => assetsPage(tenant, request.query, deps.store)
    return sendPage(deps, request, reply, read, assetJson)
  }
}

export function assetEndpoint({ store }: ReadEndpointDeps) {
  return async (request: ReadRequest, reply: FastifyReply) => {
    const asset = await getAsset(accessTokenClaims(request), assetId(request), store)
    return reply.type(JSON_UTF8).send(assetJson(asset))
  }
}

export function positionsEndpoint(deps: ReadEndpointDeps) {
  return (request: ReadRequest, reply: FastifyReply) => {
    const read = (tenant: Tenant) => positionsPage(tenant, assetId(request), request.query, deps)
    return sendPage(deps, request, reply, read)
  }
}

export function metricsEndpoint(deps: ReadEndpointDeps) {
  return (request: ReadRequest, reply: FastifyReply) => {
    const signal = disconnectSignal(reply)
    const confirm = () => verifyAgain(request, deps.verifier, SCOPES.read)
    const pageDeps = { ...deps, signal, confirm }
    const read = (tenant: Tenant) => metricsPage(tenant, assetId(request), request.query, pageDeps)
    return sendPage(deps, request, reply, read)
  }
}

export function assetEventsEndpoint(deps: ReadEndpointDeps) {
  return (request: ReadRequest, reply: FastifyReply) => {
    const read = (tenant: Tenant) => eventsPage(tenant, assetId(request), request.query, deps)
    return sendPage(deps, request, reply, read, eventJson)
  }
}

export function eventsEndpoint(deps: ReadEndpointDeps) {
  return (request: ReadRequest, reply: FastifyReply) => {
    const read = (tenant: Tenant) => eventsPage(tenant, undefined, request.query, deps)
    return sendPage(deps, request, reply, read, eventJson)
  }
}

/**
 * Sends a page, serialized in slices. Reading a page costs about as much as serializing it, so the
 * client is charged twice that time.
 */
async function sendPage<Row>(
  { budget, verifier }: ReadEndpointDeps,
  request: ReadRequest,
  reply: FastifyReply,
  read: (tenant: Tenant) => Promise<object>,
  write: (row: Row) => string = JSON.stringify,
): Promise<FastifyReply> {
  const claims = accessTokenClaims(request)
  budget.assertWithin(claims.client_id)
  const page = await read(claims)
  const charge = (ms: number): void => budget.charge(claims.client_id, 2 * ms)
  const text = await pageJsonInTurns(page, write, claims, charge)
  // The token may have been revoked while this request waited for its turns.
  await verifyAgain(request, verifier, SCOPES.read)
  return reply.type(JSON_UTF8).send(text)
}

/**
 * @throws ApiError 404 for an id with U+0000, which no asset has and PostgreSQL does not accept.
 */
function assetId({ params }: ReadRequest): string {
  const asset_id = params.asset_id as string
  if (asset_id.includes('\0')) throw noSuchAsset()
  return asset_id
}

/** Aborted when the client closes the connection. The status only appears in the log. */
function disconnectSignal({ raw }: FastifyReply): AbortSignal {
  const left = new ApiError(499, 'Client closed the request', 'The connection was closed')
  if (raw.closed || raw.socket?.destroyed) return AbortSignal.abort(left)
  const controller = new AbortController()
  raw.once('close', () => controller.abort(left))
  return controller.signal
}
