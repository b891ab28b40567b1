/** The parameters of the routes, with their descriptions and schemas for OpenAPI. */

import { EVENT_SEVERITIES, REQUEST_ID_PATTERN } from '@modulariot/telemetry'
import Type, { type TSchema } from 'typebox'

export const QUERY_PARAMETERS = {
  search: { about: 'Part of the asset_id or of the type.', schema: text() },
  type: { about: 'Only this type.', schema: text() },
  from: { about: 'Start of the period, in device time; ISO 8601 with zone.', schema: instant() },
  to: { about: 'End of the period, exclusive, in device time.', schema: instant() },
  order: {
    about: 'Oldest first (asc, the default) or newest first (desc).',
    schema: words('asc', 'desc'),
  },
  key: {
    about: 'Return the values of this metric; by default the latest value of each.',
    schema: text(),
  },
  bucket: {
    about: 'Summarize numbers in buckets of this length: 30s, 5m, 1h, 1d. Requires key and from.',
    schema: Type.String({ pattern: '^[1-9][0-9]{0,4}[smhd]$' }),
  },
  severity: { about: 'Only this severity.', schema: words(...EVENT_SEVERITIES) },
  asset_id: { about: 'Only this asset.', schema: text() },
  limit: { about: 'Page size; 50 by default.', schema: Type.Integer({ minimum: 1 }) },
  cursor: { about: 'next_cursor of the previous page.', schema: Type.String() },
} as const

export type QueryParameter = keyof typeof QUERY_PARAMETERS

/** Without `Authorization`, which every route requires. */
export const HEADER_PARAMETERS = {
  'X-Request-Id': {
    required: true,
    about: 'Chosen by you; the same id with the same body is stored once.',
    schema: { type: 'string', pattern: REQUEST_ID_PATTERN },
  },
  'X-Request-Timestamp': {
    required: true,
    about: 'Unix seconds, fractions allowed.',
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
  return Type.String({ minLength: 1, maxLength: 255 })
}

function instant(): TSchema {
  return Type.String({ format: 'date-time', examples: ['2026-01-15T12:00:00Z'] })
}

function words(...names: string[]): TSchema {
  return Type.Enum(names, { type: 'string' })
}
