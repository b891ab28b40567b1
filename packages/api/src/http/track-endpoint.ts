/** `POST /v1/asset/track` and `…/batch`: reads the request, ingests it and sends the result. */

import type { Verifier } from '@modulariot/oauth/resource-server'
import { JsonBodyError } from '@modulariot/platform/json'
import type { FastifyReply } from 'fastify'
import { ApiError, ValidationError } from '../errors/api-error.ts'
import { type IngestDeps, ingest } from '../ingest/ingest.ts'
import { type BatchResult, type ItemResult, ingestBatch } from '../ingest/ingest-batch.ts'
import type { ApiMetrics, TrackOutcome } from '../metrics/api-metrics.ts'
import { JSON_UTF8, pageJsonInTurns, ROWS_A_SLICE } from './page-json.ts'
import { type BodyRequest, batchFormat, itemIds, reportBody } from './request-body.ts'
import { accessTokenClaims, verifyAgain } from './require-access-token.ts'
import { SCOPES } from './scopes.ts'

const SUCCESS = { status: 'success', message: 'Message sent successfully' } as const

export type TrackEndpointDeps = IngestDeps & {
  readonly verifier: Verifier
  readonly metrics: Pick<ApiMetrics, 'tracked'>
}

export function trackEndpoint(deps: TrackEndpointDeps) {
  return async (request: BodyRequest, reply: FastifyReply) => {
    try {
      const { headers } = request
      const claims = accessTokenClaims(request)
      const confirm = () => verifyAgain(request, deps.verifier, SCOPES.write)
      const { replayed, request_id, warnings } = await ingest(
        { claims, headers, confirm, body: reportBody(request) },
        deps,
      )
      deps.metrics.tracked(replayed ? 'replayed' : 'stored')
      nameRequest(request, reply, request_id)
      if (replayed) reply.header('idempotent-replay', 'true')
      return Object.keys(warnings).length === 0 ? SUCCESS : { ...SUCCESS, warnings }
    } catch (error) {
      deps.metrics.tracked(outcomeOf(error))
      throw error
    }
  }
}

export function trackBatchEndpoint(deps: TrackEndpointDeps) {
  return async (request: BodyRequest, reply: FastifyReply): Promise<BatchResult | string> => {
    try {
      const { headers } = request
      const claims = accessTokenClaims(request)
      const confirm = () => verifyAgain(request, deps.verifier, SCOPES.write)
      const ids = itemIds(request)
      const sent = { body: reportBody(request), format: batchFormat(request), ids }
      const { request_id, result } = await ingestBatch({ claims, headers, confirm, ...sent }, deps)
      const outcomes = result.results.map(outcomeOfItem)
      for (const outcome of new Set(outcomes)) {
        deps.metrics.tracked(outcome, outcomes.filter((one) => one === outcome).length)
      }
      nameRequest(request, reply, request_id)
      const { items, replayed } = result.counts
      if (replayed === items) reply.header('idempotent-replay', 'true')
      if (items <= ROWS_A_SLICE) return result
      const charge = (ms: number): void => deps.budget.charge(claims.client_id, ms)
      reply.type(JSON_UTF8)
      return await pageJsonInTurns(result, JSON.stringify, claims, charge)
    } catch (error) {
      deps.metrics.tracked(outcomeOf(error))
      throw error
    }
  }
}

/** A request without an id of its own is answered with the one it is stored under. */
function nameRequest({ headers, log }: BodyRequest, reply: FastifyReply, request_id: string): void {
  if (headers['x-request-id'] !== undefined) return
  reply.header('x-request-id', request_id)
  log.debug({ stored_as: request_id }, 'without X-Request-Id')
}

function outcomeOfItem(item: ItemResult): TrackOutcome {
  if (item.code === 200) return 'replayed' in item ? 'replayed' : 'stored'
  return item.code === 409 ? 'conflict' : 'refused'
}

function outcomeOf(error: unknown): TrackOutcome {
  if (error instanceof ApiError) return error.status === 409 ? 'conflict' : 'refused'
  return error instanceof ValidationError || error instanceof JsonBodyError ? 'refused' : 'failed'
}
