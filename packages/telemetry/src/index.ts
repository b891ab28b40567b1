/** The format of asset reports: their schema, the metric registry and the parser. */

export {
  type AssetEvent,
  AssetTrackingData,
  EVENT_SEVERITIES,
  MAX_EVENTS,
  MAX_METRIC_ITEMS,
  MAX_METRIC_KEY_LENGTH,
  METRIC_KEY_PATTERN,
  METRIC_QUALITIES,
  METRIC_SOURCES,
  METRICS_SCHEMA,
  type MetricItem,
} from './asset-tracking-data.ts'
export { ASSET_TRACKING_EXAMPLES, type AssetTrackingExample } from './examples.ts'
export { type FaultCode, MAX_SHOWN_FAULTS, MORE_FAULTS_KEY } from './faults.ts'
export {
  MAX_BATCH_BYTES,
  MAX_BATCH_ITEMS,
  MAX_JSON_DEPTH,
  MAX_REPORT_BYTES,
  MAX_REQUEST_ID_LENGTH,
  REQUEST_ID_PATTERN,
} from './limits.ts'
export {
  type CanonicalMetricKey,
  isExtensionKey,
  METRIC_REGISTRY,
  type MetricDefinition,
  type MetricGroup,
  type MetricType,
  type MetricUnit,
  metricDefinition,
} from './metric-registry.ts'
export { MAX_STRING_VALUE_LENGTH, MAX_VALUE_PARTS } from './metric-rules.ts'
export {
  type ParsedEvent,
  type ParsedMetric,
  type ParsedReport,
  parseAssetTrackingData,
  type Validation,
  type ValidationOptions,
} from './parse-asset-tracking-data.ts'
export { DEFAULT_FUTURE_TOLERANCE_MS, parseTimestamp, TIMESTAMP_PATTERN } from './timestamp.ts'
