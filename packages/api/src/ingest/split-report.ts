/**
 * Splits a report into what is queried by time: its position, its measurements, its events. The
 * report itself is kept as it was sent; nothing is lost by what is left out here.
 */

import { memberValue, splitJsonArray, splitJsonObject } from '@modulariot/platform/json'
import type {
  AssetTrackingData,
  ParsedEvent,
  ParsedMetric,
  ParsedReport,
} from '@modulariot/telemetry'
import type { Fix, Measurement, Observation, Occurrence } from '../store/store.ts'

/** @param text is what the report was parsed from. */
export function splitReport(
  { data, metrics, events }: ParsedReport,
  text: string,
): Pick<Observation, 'position' | 'metrics' | 'events'> {
  const seq = data.metrics?.seq
  // A larger number may have been rounded, and would equal its neighbours.
  const sequence = seq !== undefined && Number.isSafeInteger(seq) ? seq : null
  return {
    position: data.gps === undefined ? null : fixOf(data.gps),
    metrics: metrics.map((metric) => measurementOf(metric, sequence)),
    events: events.length === 0 ? [] : occurrencesOf(events, text),
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

/** Each with its own text: parsed and serialized again, long numbers would be rounded. */
function occurrencesOf(events: readonly ParsedEvent[], text: string): Occurrence[] {
  const sent = memberValue(splitJsonObject(text).get('events') as string)
  const payloads = splitJsonArray(sent, events.length)
  return events.map(({ event, timestamp_ms }, index) => ({
    event_type: event.event_type,
    timestamp_ms,
    severity: event.severity ?? null,
    payload: payloads[index] as string,
  }))
}
