/**
 * Splits a report into the parts that are queried by time: position, measurements and events. The
 * report itself is stored as sent, so the parts need not be complete.
 */

import { memberValue, splitJsonArray, splitJsonObject } from '@modulariot/platform/json'
import type {
  AssetTrackingData,
  ParsedEvent,
  ParsedMetric,
  ParsedReport,
} from '@modulariot/telemetry'
import type { Fix, Measurement, Observation, Occurrence } from '../store/store.ts'

/** @param text the text from which the report was parsed. */
export function splitReport(
  { data, metrics, events }: ParsedReport,
  text: string,
): Pick<Observation, 'position' | 'metrics' | 'events'> {
  const seq = data.metrics?.seq
  // A larger number may have been rounded to the same double as another.
  const sequence = seq !== undefined && Number.isSafeInteger(seq) ? seq : null
  return {
    position: data.gps === undefined ? null : toFix(data.gps),
    metrics: metrics.map((metric) => toMeasurement(metric, sequence)),
    events: events.length === 0 ? [] : toOccurrences(events, text),
  }
}

function toFix(gps: NonNullable<AssetTrackingData['gps']>): Fix {
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

/** Uses the canonical key, so that both spellings form one series. */
function toMeasurement(
  { item, timestamp_ms, definition }: ParsedMetric,
  sequence: number | null,
): Measurement {
  const { k, v, u, src, q } = item
  return {
    key: definition?.key ?? k,
    timestamp_ms,
    sequence,
    value: v,
    unit: u ?? null,
    source: src ?? null,
    quality: q ?? null,
  }
}

/** Each with its text as sent, since serializing the parsed event would round long numbers. */
function toOccurrences(events: readonly ParsedEvent[], text: string): Occurrence[] {
  const sent = memberValue(splitJsonObject(text).get('events') as string)
  const payloads = splitJsonArray(sent, events.length)
  return events.map(({ event, timestamp_ms }, index) => ({
    event_type: event.event_type,
    timestamp_ms,
    severity: event.severity ?? null,
    payload: payloads[index] as string,
  }))
}
