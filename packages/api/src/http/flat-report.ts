/**
 * The schemas of the flat shape of metrics, which `lenient` validation reads. They describe it for
 * OpenAPI and nothing more: telemetry's `flat-metrics.ts` turns it into a report, which is then
 * checked.
 */

import { Type } from '@modulariot/platform/schema'
import { AssetTrackingData, MAX_METRIC_ITEMS } from '@modulariot/telemetry'

const { asset_id, timestamp, metrics, ...otherFields } = AssetTrackingData.properties
const { properties: envelope } = metrics
const { ts, u, src, q, meta, v } = envelope.items.items.properties

const FlatItem = Type.Object({
  key: Type.String({
    description:
      'Key of the metric. `position.latitude`, `position.longitude` and other `position.…` of the report’s time are its `gps`. A key that is neither canonical nor an extension is stored with a warning.',
    examples: ['engine.rpm', 'position.latitude'],
  }),
  value: v,
  unit: u,
  timestamp: ts,
  source: src,
  quality: q,
  metadata: meta,
})

const FlatFields = {
  schema_version: Type.Optional(Type.String({ examples: ['1.0'] })),
  device_id: Type.Optional(
    Type.String({ ...asset_id, description: 'The `asset_id`, unless that is there too.' }),
  ),
  asset_id: Type.Optional(asset_id),
  timestamp: Type.Optional(
    Type.String({
      ...timestamp,
      description: 'When the data was measured; by default the newest timestamp of a metric.',
    }),
  ),
  sequence: envelope.seq,
  metrics: Type.Array(FlatItem, {
    minItems: 1,
    maxItems: MAX_METRIC_ITEMS,
    description: 'Measurements, with the names of the flat shape.',
  }),
}

/** A report in the flat shape. */
export const FlatReport = Type.Object(
  { ...otherFields, ...FlatFields },
  {
    title: 'FlatReport',
    description: 'A report in the flat shape. It is stored and returned as sent.',
    anyOf: [{ required: ['device_id'] }, { required: ['asset_id'] }],
  },
)

/** A report that has the flat shape whole, as its `metrics`. */
export const NestedFlatReport = Type.Object(
  {
    ...otherFields,
    asset_id: FlatFields.asset_id,
    timestamp: FlatFields.timestamp,
    metrics: Type.Object(FlatFields, {
      description:
        'The flat shape. Its `asset_id`, `device_id`, `timestamp` and `sequence` count where the report has none.',
      not: { required: ['items'] },
    }),
  },
  {
    title: 'NestedFlatReport',
    description:
      'A report whose `metrics` are in the flat shape. It is stored and returned as sent.',
  },
)

const flat = {
  schema_version: '1.0',
  device_id: 'TRUCK-006',
  timestamp: '2025-03-14T15:25:00Z',
  sequence: 7,
  metrics: [
    { key: 'position.latitude', value: -33.4489 },
    { key: 'position.longitude', value: -70.6693 },
    { key: 'engine.rpm', value: 2150, unit: 'rpm', timestamp: '2025-03-14T15:24:50Z' },
  ],
}

/**
 * In the shape of OpenAPI Example Objects. `lenient` validation accepts them, `strict` does not.
 */
export const FLAT_EXAMPLES = {
  flat: { summary: 'Metrics in the flat shape', value: flat },
  nestedFlat: {
    summary: 'Metrics in the flat shape, in a report',
    value: { asset_id: 'TRUCK-007', timestamp: '2025-03-14T15:25:00Z', metrics: flat },
  },
} as const
