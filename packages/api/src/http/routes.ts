/**
 * The table of all routes of ModularIoT API that require a token, each with its scope. mount.ts
 * mounts its rows and openapi.ts describes them, so everything specific to one route is a field
 * here.
 */

import { type TSchema, Type } from '@modulariot/platform/schema'
import {
  ASSET_TRACKING_EXAMPLES,
  AssetTrackingData,
  MAX_BATCH_BYTES,
  MAX_BATCH_ITEMS,
  MAX_REPORT_BYTES,
} from '@modulariot/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type EraseEndpointDeps, eraseEndpoint } from './erase-endpoint.ts'
import { FLAT_EXAMPLES } from './flat-report.ts'
import { MAX_ASSETS_LIMIT, MAX_SERIES_LIMIT } from './lists.ts'
import type { HeaderParameter, QueryParameter } from './parameters.ts'
import {
  assetEndpoint,
  assetEventsEndpoint,
  assetsEndpoint,
  eventsEndpoint,
  metricsEndpoint,
  positionsEndpoint,
  type ReadEndpointDeps,
} from './read-endpoints.ts'
import { NDJSON } from './request-body.ts'
import * as schemas from './schemas.ts'
import { ERASE_SCOPE, SCOPES } from './scopes.ts'
import { type StreamDeps, streamEndpoint } from './stream-endpoint.ts'
import { type TrackEndpointDeps, trackBatchEndpoint, trackEndpoint } from './track-endpoint.ts'

export type RouteDeps = TrackEndpointDeps & ReadEndpointDeps & StreamDeps & EraseEndpointDeps

type ApiRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
  Body: Buffer | undefined
}>

type Examples = Readonly<Record<string, { summary: string; value: unknown }>>

export type FailureStatus = 404 | 409 | 413 | 415 | 429

export interface Route {
  readonly operationId: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** In OpenAPI syntax. */
  readonly path: string
  readonly summary: string
  readonly scope: (typeof SCOPES)[keyof typeof SCOPES] | typeof ERASE_SCOPE
  /** Accepted query parameters; others are refused. */
  readonly query: readonly QueryParameter[]
  /** Maximum of the query parameter `limit`. */
  readonly maxLimit?: number
  /** Documented request headers. */
  readonly headers: readonly HeaderParameter[]
  readonly body?: {
    readonly maxBytes: number
    /** Maximum number of reports. */
    readonly maxItems: number
    /** By media type. */
    readonly content: Readonly<Record<string, TSchema>>
    readonly examples: Examples
    /** What replaces the two where validation is lenient. */
    readonly lenient: {
      readonly content: Readonly<Record<string, TSchema>>
      readonly examples: Examples
    }
  }
  readonly answer: { readonly type: string; readonly schema: TSchema }
  /** Documented error statuses, besides those of every route. */
  readonly failures: readonly FailureStatus[]
  readonly handler: (
    deps: RouteDeps,
  ) => (request: ApiRequest, reply: FastifyReply) => Promise<unknown>
}

const JSON_TYPE = 'application/json'

const PAGE_PARAMETERS = ['from', 'to', 'order', 'limit', 'cursor'] as const
const EVENT_PARAMETERS = [...PAGE_PARAMETERS, 'type', 'severity'] as const

const REPORT_HEADERS = ['X-Request-Id', 'X-Request-Timestamp', 'Content-Encoding'] as const
const REPORT_FAILURES = [409, 413, 415, 429] as const

const json = (schema: TSchema) => ({ type: JSON_TYPE, schema })

const { minimal, gps } = ASSET_TRACKING_EXAMPLES

const batchOf = (item: TSchema) => ({
  [JSON_TYPE]: Type.Array(item, { minItems: 1, maxItems: MAX_BATCH_ITEMS }),
  [NDJSON]: item,
})

const BATCH_EXAMPLES: Examples = {
  two: {
    summary: 'Two reports, one with its own idempotency key',
    value: [minimal.value, { ...gps.value, idempotency_key: 'TRUCK-001-000123' }],
  },
}

export const ROUTES: readonly Route[] = [
  {
    operationId: 'trackAsset',
    method: 'POST',
    path: '/v1/asset/track',
    summary: 'Send a report; acknowledged once it is on disk',
    scope: SCOPES.write,
    query: [],
    headers: REPORT_HEADERS,
    body: {
      maxBytes: MAX_REPORT_BYTES,
      maxItems: 1,
      content: { [JSON_TYPE]: AssetTrackingData },
      examples: ASSET_TRACKING_EXAMPLES,
      lenient: {
        content: { [JSON_TYPE]: schemas.LenientReport },
        examples: { ...ASSET_TRACKING_EXAMPLES, ...FLAT_EXAMPLES },
      },
    },
    answer: json(schemas.Success),
    failures: REPORT_FAILURES,
    handler: trackEndpoint,
  },
  {
    operationId: 'trackAssets',
    method: 'POST',
    path: '/v1/asset/track/batch',
    summary: 'Send many reports, as an array or one per line; a bad one fails alone',
    scope: SCOPES.write,
    query: ['ids'],
    headers: REPORT_HEADERS,
    body: {
      maxBytes: MAX_BATCH_BYTES,
      maxItems: MAX_BATCH_ITEMS,
      content: batchOf(schemas.BatchItem),
      examples: BATCH_EXAMPLES,
      lenient: {
        content: batchOf(schemas.LenientBatchItem),
        examples: {
          ...BATCH_EXAMPLES,
          flat: {
            summary: 'A report, and one with metrics in the flat shape',
            value: [minimal.value, FLAT_EXAMPLES.flat.value],
          },
        },
      },
    },
    answer: json(schemas.BatchAnswer),
    failures: REPORT_FAILURES,
    handler: trackBatchEndpoint,
  },
  {
    operationId: 'listAssets',
    method: 'GET',
    path: '/v1/assets',
    summary: `List assets by id, up to ${MAX_ASSETS_LIMIT} per page`,
    scope: SCOPES.read,
    query: ['search', 'type', 'limit', 'cursor'],
    maxLimit: MAX_ASSETS_LIMIT,
    headers: [],
    answer: json(schemas.AssetList),
    failures: [],
    handler: assetsEndpoint,
  },
  {
    operationId: 'streamAssets',
    method: 'GET',
    path: '/v1/assets/stream',
    summary: 'Stream reports as they are stored, as server-sent events; Last-Event-ID resumes',
    scope: SCOPES.read,
    query: ['asset_id'],
    headers: ['Last-Event-ID'],
    answer: { type: 'text/event-stream', schema: Type.String() },
    failures: [429],
    handler: streamEndpoint,
  },
  {
    operationId: 'getAsset',
    method: 'GET',
    path: '/v1/assets/{asset_id}',
    summary: 'Get an asset and its latest report',
    scope: SCOPES.read,
    query: [],
    headers: [],
    answer: json(schemas.Asset),
    failures: [404],
    handler: assetEndpoint,
  },
  {
    operationId: 'eraseAsset',
    method: 'DELETE',
    path: '/v1/assets/{asset_id}',
    summary: 'Erase an asset and everything it has reported; a later report makes a new asset',
    scope: ERASE_SCOPE,
    query: [],
    headers: [],
    answer: json(schemas.Erased),
    failures: [404, 413],
    handler: eraseEndpoint,
  },
  {
    operationId: 'listPositions',
    method: 'GET',
    path: '/v1/assets/{asset_id}/positions',
    summary: `List the positions of an asset by device time, up to ${MAX_SERIES_LIMIT} per page`,
    scope: SCOPES.read,
    query: PAGE_PARAMETERS,
    maxLimit: MAX_SERIES_LIMIT,
    headers: [],
    answer: json(schemas.Positions),
    failures: [404],
    handler: positionsEndpoint,
  },
  {
    operationId: 'listMetrics',
    method: 'GET',
    path: '/v1/assets/{asset_id}/metrics',
    summary: `List the metrics of an asset: the latest of each key, or one key’s values, up to ${MAX_SERIES_LIMIT} per page, or their summary`,
    scope: SCOPES.read,
    query: ['key', 'bucket', ...PAGE_PARAMETERS],
    maxLimit: MAX_SERIES_LIMIT,
    headers: [],
    answer: json(schemas.Metrics),
    failures: [404, 429],
    handler: metricsEndpoint,
  },
  {
    operationId: 'listAssetEvents',
    method: 'GET',
    path: '/v1/assets/{asset_id}/events',
    summary: `List the events of an asset, up to ${MAX_SERIES_LIMIT} per page`,
    scope: SCOPES.read,
    query: EVENT_PARAMETERS,
    maxLimit: MAX_SERIES_LIMIT,
    headers: [],
    answer: json(schemas.Events),
    failures: [404],
    handler: assetEventsEndpoint,
  },
  {
    operationId: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    summary: `List the events of all assets, up to ${MAX_SERIES_LIMIT} per page`,
    scope: SCOPES.read,
    query: EVENT_PARAMETERS,
    maxLimit: MAX_SERIES_LIMIT,
    headers: [],
    answer: json(schemas.Events),
    failures: [],
    handler: eventsEndpoint,
  },
]
