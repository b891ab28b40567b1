/** The parameters of the routes, with their descriptions and schemas for OpenAPI. */

import { type TSchema, Type } from '@modulariot/platform/schema'
import { EVENT_SEVERITIES, REQUEST_ID_PATTERN, TIMESTAMP_PATTERN } from '@modulariot/telemetry'

export const QUERY_PARAMETERS = {
  search: { about: 'Part of the asset_id or of the type.', schema: text() },
  type: { about: 'Only this type.', schema: text() },
  from: {
    about:
      'Start of the period, in device time: ISO 8601 with zone, seconds optional, `+` percent-encoded or not. Before `to`.',
    schema: instant(),
  },
  to: { about: 'End of the period, exclusive, in device time; as `from`.', schema: instant() },
  order: {
    about: 'Oldest first (asc, the default) or newest first (desc).',
    schema: Type.Enum(['asc', 'desc'], { type: 'string', default: 'asc' }),
  },
  key: {
    about:
      'Return the values of this metric; by default the latest value of each, which takes only cursor.',
    schema: text(),
  },
  bucket: {
    about: 'Summarize numbers in buckets of this length: 30s, 5m, 1h, 1d. Requires key and from.',
    schema: Type.String({ pattern: '^[1-9][0-9]{0,4}[smhd]$' }),
  },
  ids: {
    about:
      'content: an item without idempotency_key is identified by its text (SHA-256), not by X-Request-Id and index. The same text again is stored once, however it is batched.',
    schema: words('content'),
  },
  severity: { about: 'Only this severity.', schema: words(...EVENT_SEVERITIES) },
  asset_id: { about: 'Only this asset.', schema: text() },
  limit: {
    about: 'Page size, a whole number of up to six digits.',
    schema: Type.Integer({ minimum: 1, default: 50 }),
  },
  cursor: {
    about: 'next_cursor of the previous page, with the other parameters unchanged.',
    schema: Type.String({ pattern: '^[A-Za-z0-9_-]{1,2048}$' }),
  },
} as const

export type QueryParameter = keyof typeof QUERY_PARAMETERS

/** Without `Authorization`, which every route requires. */
export const HEADER_PARAMETERS = {
  'X-Request-Id': {
    required: true,
    about: 'Chosen by you; the same id with the same body is stored once. Counts for one asset_id.',
    schema: { type: 'string', pattern: REQUEST_ID_PATTERN },
  },
  'X-Request-Timestamp': {
    required: true,
    about: 'Unix seconds, fractions allowed, at most an hour in the future.',
    schema: { type: 'string', pattern: '^[0-9]{1,12}(\\.[0-9]{1,9})?$' },
  },
  'Content-Encoding': {
    required: false,
    about: 'The body is compressed.',
    schema: { type: 'string', enum: ['gzip'] },
  },
  'Last-Event-ID': {
    required: false,
    about: 'The id of the last event received; the stream resumes after it.',
    schema: { type: 'string', pattern: '^[0-9]{1,15}$' },
  },
} as const

export type HeaderParameter = keyof typeof HEADER_PARAMETERS

function text(): TSchema {
  return Type.String({ minLength: 1, maxLength: 255, pattern: '\\S' })
}

function instant(): TSchema {
  return Type.String({
    format: 'date-time',
    pattern: TIMESTAMP_PATTERN,
    examples: ['2026-01-15T12:00:00Z'],
  })
}

function words(...names: string[]): TSchema {
  return Type.Enum(names, { type: 'string' })
}
