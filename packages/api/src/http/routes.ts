/**
 * Every METHOD and path of ModularIoT API that needs a token, with the scope each needs. Mounting walks this
 * table, and OpenAPI is made from it.
 */

import { ASSET_TRACKING_EXAMPLES, AssetTrackingData, EVENT_SEVERITIES } from '@modulariot/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import { MAX_BATCH_ITEMS, MAX_REPORT_BYTES } from '../ingest/batch-items.ts'
import { MAX_ASSETS_LIMIT, MAX_SERIES_LIMIT } from './lists.ts'
import {
  assetEndpoint,
  assetEventsEndpoint,
  assetsEndpoint,
  eventsEndpoint,
  metricsEndpoint,
  positionsEndpoint,
  type ReadEndpointDeps,
} from './read-endpoints.ts'
import { MAX_BATCH_BYTES, NDJSON } from './request-body.ts'
import * as schemas from './schemas.ts'
import { SCOPES } from './scopes.ts'
import { type StreamDeps, streamEndpoint } from './stream-endpoint.ts'
import { type TrackEndpointDeps, trackBatchEndpoint, trackEndpoint } from './track-endpoint.ts'

export type EndpointDeps = TrackEndpointDeps & ReadEndpointDeps & StreamDeps

export type ApiRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
  Body: Buffer | undefined
}>

export interface Endpoint {
  readonly operationId: string
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it. */
  readonly path: string
  readonly summary: string
  readonly scope: (typeof SCOPES)[keyof typeof SCOPES]
  /** Names of query parameters, rows of QUERY_PARAMETERS; any other is refused. */
  readonly query: readonly string[]
  readonly body?: {
    readonly maxBytes: number
    /** The most reports in it. */
    readonly maxItems: number
    /** By media type. */
    readonly content: Readonly<Record<string, TSchema>>
    readonly examples: Readonly<Record<string, { summary: string; value: unknown }>>
  }
  readonly answer: { readonly type: string; readonly schema: TSchema }
  readonly handler: (
    deps: EndpointDeps,
  ) => (request: ApiRequest, reply: FastifyReply) => Promise<unknown>
}

/** Every query parameter there is: what it means and what it may be. */
export const QUERY_PARAMETERS: Readonly<Record<string, { about: string; schema: TSchema }>> = {
  search: { about: 'Part of the asset_id or of the type.', schema: text() },
  type: { about: 'Of this type exactly.', schema: text() },
  from: { about: 'Device time from here on, ISO 8601 with zone.', schema: instant() },
  to: { about: 'Device time up to here, exclusive.', schema: instant() },
  order: { about: 'Oldest (asc, the default) or newest first.', schema: words('asc', 'desc') },
  key: { about: 'The values of this metric; without it the newest of each.', schema: text() },
  bucket: {
    about: 'Summarize the numbers of each such span: 30s, 5m, 1h, 1d. Needs key and from.',
    schema: Type.String({ pattern: '^[1-9][0-9]{0,4}[smhd]$' }),
  },
  severity: { about: 'Of this severity.', schema: words(...EVENT_SEVERITIES) },
  asset_id: { about: 'Of this asset only.', schema: text() },
  limit: { about: 'How many; 50 unless told.', schema: Type.Integer({ minimum: 1 }) },
  cursor: { about: 'next_cursor of the page before.', schema: Type.String() },
}

const JSON_TYPE = 'application/json'

const PAGE_PARAMETERS = ['from', 'to', 'order', 'limit', 'cursor'] as const
const EVENT_PARAMETERS = [...PAGE_PARAMETERS, 'type', 'severity'] as const

const json = (schema: TSchema) => ({ type: JSON_TYPE, schema })

const { minimal, gps } = ASSET_TRACKING_EXAMPLES

export const ENDPOINTS: readonly Endpoint[] = [
  {
    operationId: 'trackAsset',
    method: 'POST',
    path: '/v1/asset/track',
    summary: 'Report what an asset measured; answered once it is on disk',
    scope: SCOPES.write,
    query: [],
    body: {
      maxBytes: MAX_REPORT_BYTES,
      maxItems: 1,
      content: { [JSON_TYPE]: AssetTrackingData },
      examples: ASSET_TRACKING_EXAMPLES,
    },
    answer: json(schemas.Success),
    handler: trackEndpoint,
  },
  {
    operationId: 'trackAssets',
    method: 'POST',
    path: '/v1/asset/track/batch',
    summary: 'Report many at once, as an array or a line each; a bad one fails alone',
    scope: SCOPES.write,
    query: [],
    body: {
      maxBytes: MAX_BATCH_BYTES,
      maxItems: MAX_BATCH_ITEMS,
      content: {
        [JSON_TYPE]: Type.Array(schemas.BatchItem, { minItems: 1, maxItems: MAX_BATCH_ITEMS }),
        [NDJSON]: schemas.BatchItem,
      },
      examples: {
        two: {
          summary: 'Two reports, one with a key of its own',
          value: [minimal.value, { ...gps.value, idempotency_key: 'TRUCK-001-000123' }],
        },
      },
    },
    answer: json(schemas.BatchAnswer),
    handler: trackBatchEndpoint,
  },
  {
    operationId: 'listAssets',
    method: 'GET',
    path: '/v1/assets',
    summary: `Assets in order of their ids, up to ${MAX_ASSETS_LIMIT} a page`,
    scope: SCOPES.read,
    query: ['search', 'type', 'limit', 'cursor'],
    answer: json(schemas.AssetList),
    handler: assetsEndpoint,
  },
  {
    operationId: 'streamAssets',
    method: 'GET',
    path: '/v1/assets/stream',
    summary: 'Reports as they are stored, as server-sent events; Last-Event-ID resumes',
    scope: SCOPES.read,
    query: ['asset_id'],
    answer: { type: 'text/event-stream', schema: Type.String() },
    handler: streamEndpoint,
  },
  {
    operationId: 'getAsset',
    method: 'GET',
    path: '/v1/assets/{asset_id}',
    summary: 'One asset and its newest report',
    scope: SCOPES.read,
    query: [],
    answer: json(schemas.Asset),
    handler: assetEndpoint,
  },
  {
    operationId: 'listPositions',
    method: 'GET',
    path: '/v1/assets/{asset_id}/positions',
    summary: `Where it was, by device time, up to ${MAX_SERIES_LIMIT} a page`,
    scope: SCOPES.read,
    query: PAGE_PARAMETERS,
    answer: json(schemas.Positions),
    handler: positionsEndpoint,
  },
  {
    operationId: 'listMetrics',
    method: 'GET',
    path: '/v1/assets/{asset_id}/metrics',
    summary: `What it measured: the newest of each key, or one key’s values, up to ${MAX_SERIES_LIMIT} a page, or their summary`,
    scope: SCOPES.read,
    query: ['key', 'bucket', ...PAGE_PARAMETERS],
    answer: json(schemas.Metrics),
    handler: metricsEndpoint,
  },
  {
    operationId: 'listAssetEvents',
    method: 'GET',
    path: '/v1/assets/{asset_id}/events',
    summary: `What happened to it, up to ${MAX_SERIES_LIMIT} a page`,
    scope: SCOPES.read,
    query: EVENT_PARAMETERS,
    answer: json(schemas.Events),
    handler: assetEventsEndpoint,
  },
  {
    operationId: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    summary: `What happened to any asset, up to ${MAX_SERIES_LIMIT} a page`,
    scope: SCOPES.read,
    query: EVENT_PARAMETERS,
    answer: json(schemas.Events),
    handler: eventsEndpoint,
  },
]

function text(): TSchema {
  return Type.String({ minLength: 1, maxLength: 255 })
}

function instant(): TSchema {
  return Type.String({ format: 'date-time', examples: ['2026-01-15T12:00:00Z'] })
}

function words(...names: string[]): TSchema {
  return Type.Enum(names, { type: 'string' })
}
