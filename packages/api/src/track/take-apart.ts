/**
 * What of a report can be asked for by time: its position, its measurements, its events. The report
 * itself is kept as it was sent; nothing is lost by what is left out here.
 */

import {
  type AssetEvent,
  type AssetTrackingData,
  type MetricItem,
  metricDefinition,
  parseTimestamp,
} from '@modulariot/telemetry'
import type { Fix, Measurement, Observation, Occurrence } from '../store/store.ts'

/** @param data has been validated. */
export function takeApart(
  data: AssetTrackingData,
): Pick<Observation, 'position' | 'metrics' | 'events'> {
  const timestamp_ms = parseTimestamp(data.timestamp) as number
  const seq = data.metrics?.seq
  // A number that large is not counted one by one; it would be rounded, and equal its neighbours.
  const sequence = seq !== undefined && Number.isSafeInteger(seq) ? seq : null
  return {
    position: data.gps === undefined ? null : fixOf(data.gps),
    metrics: (data.metrics?.items ?? []).map((item) => measurementOf(item, timestamp_ms, sequence)),
    events: (data.events ?? []).map(occurrenceOf),
  }
}

function fixOf(gps: NonNullable<AssetTrackingData['gps']>): Fix {
  const { accuracy } = gps
  return {
    latitude: gps.latitude,
    longitude: gps.longitude,
    altitude: gps.altitude ?? null,
    speed: gps.speed ?? null,
    heading: gps.heading ?? null,
    accuracy: (typeof accuracy === 'object' ? accuracy.horizontal : accuracy) ?? null,
    satellites: gps.satellites ?? null,
  }
}

/** Under the canonical key, so that both spellings of it are one series. */
function measurementOf(
  { k, v, u, ts, src, q }: MetricItem,
  timestamp_ms: number,
  sequence: number | null,
): Measurement {
  return {
    key: metricDefinition(k)?.key ?? k,
    timestamp_ms: ts === undefined ? timestamp_ms : (parseTimestamp(ts) as number),
    sequence,
    value: v,
    unit: u ?? null,
    source: src ?? null,
    quality: q ?? null,
  }
}

function occurrenceOf(event: AssetEvent): Occurrence {
  return {
    event_type: event.event_type,
    timestamp_ms: parseTimestamp(event.timestamp) as number,
    severity: event.severity ?? null,
    payload: JSON.stringify(event),
  }
}
