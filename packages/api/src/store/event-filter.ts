/**
 * Which of the events read along an index were asked for; a page ends after so many, found or not.
 */

import { MAX_PAGE_LENGTH, payloadLength } from './page.ts'
import type { AssetOccurrence, EventQuery, Page, Place } from './store.ts'

/** About five milliseconds of work. */
const MAX_EVENTS_READ = 1000

export interface EventRow extends AssetOccurrence {
  readonly seq: number
  readonly item: number
}

export function eventsToRead(query: EventQuery): number {
  return (narrows(query) ? MAX_EVENTS_READ : query.limit) + 1
}

/** @param events in order, after `after`; as many as `eventsToRead` where there are. */
export function findEvents(events: Iterable<EventRow>, query: EventQuery): Page<AssetOccurrence> {
  const rows: AssetOccurrence[] = []
  let next: Place | null = null
  let seen = 0
  let length = 0
  const most = eventsToRead(query) - 1
  for (const { seq, item, ...event } of events) {
    const full = seen === most || rows.length === query.limit || length >= MAX_PAGE_LENGTH
    if (full) return { rows, next }
    if (isAskedFor(event, query)) rows.push(event)
    next = [event.timestamp_ms, seq, item]
    seen++
    length += payloadLength(event)
  }
  // The database may have stopped there, too.
  return { rows, next: length >= MAX_PAGE_LENGTH ? next : null }
}

/** What no index narrows: the type within one asset, and the severity. */
function narrows({ asset_id, event_type, severity }: EventQuery): boolean {
  return severity !== undefined || (asset_id !== undefined && event_type !== undefined)
}

function isAskedFor(event: AssetOccurrence, { event_type, severity }: EventQuery): boolean {
  return (
    (event_type === undefined || event.event_type === event_type) &&
    (severity === undefined || event.severity === severity)
  )
}
