/** For your application: tokens are cached and refreshed, reports are retried and buffered. */

export {
  AccessDeniedError,
  ConfigError,
  InvalidClientError,
  NetworkError,
  RateLimitedError,
  ServerError,
  TimeoutError,
  TokenError,
} from '@modulariot/oauth/client'
export type { AssetEvent, AssetTrackingData, MetricItem } from '@modulariot/telemetry'
export { BufferError, ValidationError } from './assets/errors.ts'
export type { AssetReader } from './assets/read.ts'
export type {
  Asset,
  BucketsQuery,
  EventReading,
  EventsQuery,
  ListQuery,
  MetricBucket,
  MetricReading,
  MetricsQuery,
  Observation,
  Position,
  ReadOptions,
  SeriesQuery,
  StreamOptions,
} from './assets/readings.ts'
export type { Report } from './assets/report.ts'
export type { Reading } from './assets/stamps.ts'
export type { Tracked } from './assets/track.ts'
export type { ReportResult } from './assets/track-texts.ts'
export type { WhenFull } from './buffer/admission.ts'
export type { BufferEvents, FlushOptions, ReportBuffer } from './buffer/report-buffer.ts'
export type { KeptReport, PeekLimit, ReportQueue } from './buffer/report-queue.ts'
export {
  type BufferOptions,
  createClient,
  ModularIoT,
  type ModularIoTOptions,
  type TrackOptions,
  type TrackTextsOptions,
} from './modular-iot.ts'
export { RefusedError } from './request/refused-error.ts'
export type { RetryLimits } from './request/retries.ts'
export type { Timing } from './timing/timing.ts'
