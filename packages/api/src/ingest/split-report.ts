/**
 * Splits a report into what is queried by time: its position, its measurements, its events. The
 * report itself is kept as it was sent; nothing is lost by what is left out here.
 */

import { memberValue, splitJsonArray, splitJsonObject } from '@modulariot/platform/json'
import {
  type AssetEvent,
  type AssetTrackingData,
  type MetricItem,
  metricDefinition,
  parseTimestamp,
} from '@modulariot/telemetry'
import type { Fix, Measurement, Observation, Occurrence } from '../store/store.ts'

/** @param data has been validated; `text` is what it was parsed from. */
export function splitReport(
  data: AssetTrackingData,
  text: string,
): Pick<Observation, 'position' | 'metrics' | 'events'> {
  const timestamp_ms = parseTimestamp(data.timestamp) as number
  const seq = data.metrics?.seq
  // A number that large is not counted one by one; it would be rounded, and equal its neighbours.
  const sequence = seq !== undefined && Number.isSafeInteger(seq) ? seq : null
  return {
    position: data.gps === undefined ? null : fixOf(data.gps),
    metrics: (data.metrics?.items ?? []).map((item) => measurementOf(item, timestamp_ms, sequence)),
    events: data.events === undefined ? [] : occurrencesOf(data.events, text),
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

/** Each with its own text: parsed and written again, long numbers would be rounded. */
function occurrencesOf(events: readonly AssetEvent[], text: string): Occurrence[] {
  const sent = memberValue(splitJsonObject(text).get('events') as string)
  const payloads = splitJsonArray(sent, events.length)
  return events.map(({ event_type, timestamp, severity }, index) => ({
    event_type,
    timestamp_ms: parseTimestamp(timestamp) as number,
    severity: severity ?? null,
    payload: payloads[index] as string,
  }))
}
