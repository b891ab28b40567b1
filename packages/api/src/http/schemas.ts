/**
 * The schemas of ModularIoT API's responses. The OpenAPI document uses them, and a test validates
 * responses against them.
 */

import { type TSchema, Type } from '@modulariot/platform/schema'
import {
  AssetTrackingData,
  EVENT_SEVERITIES,
  METRIC_QUALITIES,
  METRIC_SOURCES,
  REQUEST_ID_PATTERN,
} from '@modulariot/telemetry'
import { FlatReport, NestedFlatReport } from './flat-report.ts'

const instant = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2025-03-14T15:09:26.000Z'] })
const orNull = (schema: TSchema) => Type.Union([schema, Type.Null()])
const closed = { additionalProperties: false } as const
const faults = (description: string) =>
  Type.Record(Type.String(), Type.String(), {
    description,
    examples: [{ 'gps.latitude': 'must be between -90 and 90 degrees' }],
  })
const cursor = orNull(
  Type.String({ description: 'Pass as `cursor` for the next page; null on the last.' }),
)

export const Success = Type.Object(
  {
    status: Type.Literal('success'),
    message: Type.Literal('Message sent successfully'),
    warnings: Type.Optional(faults('Unknown metric keys, where the installation accepts them.')),
  },
  { ...closed, examples: [{ status: 'success', message: 'Message sent successfully' }] },
)

export const ValidationFailure = Type.Object(
  {
    status: Type.Literal('validation_error'),
    message: Type.String(),
    errors: faults('Faults by path, as sent; at most 50, the number of others under `…`.'),
  },
  closed,
)

export const Failure = Type.Object(
  {
    status: Type.Literal('error'),
    message: Type.String({ description: 'What happened.' }),
    detail: Type.String({ description: 'What to do about it.' }),
  },
  closed,
)

const index = Type.Integer({ minimum: 0, description: 'Position in the batch, from 0.' })

const ItemResult = Type.Union([
  Type.Object(
    {
      index,
      code: Type.Literal(200),
      status: Type.Literal('success'),
      replayed: Type.Optional(Type.Literal(true, { description: 'It was already stored.' })),
      warnings: Type.Optional(faults('As in the response to a single report.')),
    },
    closed,
  ),
  Type.Object(
    {
      index,
      code: Type.Literal(400),
      status: Type.Literal('validation_error'),
      message: Type.String(),
      errors: faults('As in the response to a single report.'),
    },
    closed,
  ),
  Type.Object(
    {
      index,
      code: Type.Union([Type.Literal(400), Type.Literal(409), Type.Literal(413)]),
      status: Type.Literal('error'),
      message: Type.String(),
      detail: Type.String(),
    },
    closed,
  ),
])

const count = (description: string) => Type.Integer({ minimum: 0, description })

export const BatchAnswer = Type.Object(
  {
    status: Type.Enum(['success', 'partial', 'error'], {
      type: 'string',
      description: 'Whether all items were stored, some, or none.',
    }),
    message: Type.String(),
    counts: Type.Object(
      {
        items: count('All items: the sum of the others.'),
        stored: count('Newly stored, on disk.'),
        replayed: count('Already stored.'),
        refused: count('Not stored.'),
      },
      closed,
    ),
    results: Type.Array(ItemResult, {
      description:
        'One per item, in order: `code` is the status a single report would get, the rest its response.',
    }),
  },
  closed,
)

/**
 * A report where validation is lenient: also the flat shape of metrics, which excludes the first.
 */
export const LenientReport = Type.Unsafe<unknown>({
  oneOf: [AssetTrackingData, FlatReport, NestedFlatReport],
})

const ItemKey = Type.Object({
  idempotency_key: Type.Optional(
    Type.String({
      pattern: REQUEST_ID_PATTERN,
      description:
        'The X-Request-Id that the report would have if sent alone. Without it, the batch’s X-Request-Id and the position identify the report.',
    }),
  ),
})

export const BatchItem = Type.Intersect([AssetTrackingData, ItemKey])

export const LenientBatchItem = Type.Intersect([LenientReport, ItemKey])

export const Asset = Type.Object(
  {
    asset_id: Type.String(),
    type: orNull(Type.String()),
    timestamp: instant('Device time of the newest report.'),
    first_received_at: instant('When its first report arrived.'),
    last_received_at: instant('When its last report arrived.'),
    latest: Type.Unsafe<object>({
      type: 'object',
      description: 'The latest report by device time, as sent.',
    }),
  },
  closed,
)

export const Erased = Type.Object(
  {
    asset_id: Type.String(),
    compacted: Type.Boolean({
      description:
        'Whether the files of the database hold nothing of it. Otherwise the operator runs miot compact.',
    }),
  },
  closed,
)

export const AssetList = Type.Object({ assets: Type.Array(Asset), next_cursor: cursor }, closed)

const number = (description: string) => orNull(Type.Number({ description }))

export const Positions = Type.Object(
  {
    asset_id: Type.String(),
    positions: Type.Array(
      Type.Object(
        {
          timestamp: instant('Device time.'),
          latitude: Type.Number({ description: 'Degrees.' }),
          longitude: Type.Number({ description: 'Degrees.' }),
          altitude: number('Metres.'),
          speed: number('km/h.'),
          heading: number('Degrees from north.'),
          accuracy: number('Horizontal radius, metres.'),
          satellites: number('Satellites used.'),
        },
        closed,
      ),
    ),
    next_cursor: cursor,
  },
  closed,
)

const word = (words: readonly string[], description: string) =>
  orNull(Type.Enum([...words], { type: 'string', description }))

const MetricValues = Type.Object(
  {
    asset_id: Type.String(),
    metrics: Type.Array(
      Type.Object(
        {
          key: Type.String({ examples: ['engine.rpm'] }),
          timestamp: instant('Time of the measurement.'),
          seq: orNull(Type.Integer({ description: 'Sequence number of the envelope, if any.' })),
          value: Type.Unknown({ description: 'As sent; numbers as doubles (IEEE 754).' }),
          unit: orNull(Type.String()),
          source: word(METRIC_SOURCES, 'Source of the value.'),
          quality: word(METRIC_QUALITIES, 'Quality of the value.'),
        },
        closed,
      ),
    ),
    next_cursor: cursor,
  },
  closed,
)

const MetricBuckets = Type.Object(
  {
    asset_id: Type.String(),
    key: Type.String(),
    bucket: Type.String({ examples: ['5m'] }),
    buckets: Type.Array(
      Type.Object(
        {
          start: instant('Start of the bucket.'),
          count: Type.Integer({ minimum: 1 }),
          min: Type.Number(),
          max: Type.Number(),
          avg: Type.Number(),
          first: Type.Number({ description: 'The oldest value.' }),
          last: Type.Number({ description: 'The newest value.' }),
        },
        closed,
      ),
      { description: 'Buckets that contain a number; true counts as 1, false as 0.' },
    ),
  },
  closed,
)

export const Metrics = Type.Union([MetricValues, MetricBuckets])

export const Events = Type.Object(
  {
    events: Type.Array(
      Type.Object(
        {
          asset_id: Type.String(),
          event_type: Type.String(),
          timestamp: Type.String({ format: 'date-time' }),
          severity: Type.Optional(Type.Enum([...EVENT_SEVERITIES], { type: 'string' })),
        },
        {
          description:
            'An event as sent, with the `asset_id` of its asset, which replaces any `asset_id` in the event itself.',
        },
      ),
    ),
    next_cursor: cursor,
  },
  closed,
)
