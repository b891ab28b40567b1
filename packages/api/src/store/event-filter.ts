/**
 * Filters the events read from an index. A page ends after `MAX_EVENTS_READ` events, matching or
 * not.
 */

import { MAX_PAGE_LENGTH, payloadLength } from './page.ts'
import type { AssetOccurrence, EventQuery, Page, RowKey } from './store.ts'

/** About five milliseconds of work. */
const MAX_EVENTS_READ = 1000

export interface EventRow extends AssetOccurrence {
  readonly seq: number
  readonly item: number
}

export function eventsToRead(query: EventQuery): number {
  return (narrows(query) ? MAX_EVENTS_READ : query.limit) + 1
}

/** @param events the events after `after`, in order; up to `eventsToRead` of them. */
export function findEvents(events: Iterable<EventRow>, query: EventQuery): Page<AssetOccurrence> {
  const rows: AssetOccurrence[] = []
  let next: RowKey | null = null
  let seen = 0
  let length = 0
  const most = eventsToRead(query) - 1
  for (const { seq, item, ...event } of events) {
    const full = seen === most || rows.length === query.limit || length >= MAX_PAGE_LENGTH
    if (full) return { rows, next }
    if (matches(event, query)) rows.push(event)
    next = [event.timestamp_ms, seq, item]
    seen++
    length += payloadLength(event)
  }
  // The database may have stopped at the length limit too.
  return { rows, next: length >= MAX_PAGE_LENGTH ? next : null }
}

/** True for filters without an index: the type within one asset, and the severity. */
function narrows({ asset_id, event_type, severity }: EventQuery): boolean {
  return severity !== undefined || (asset_id !== undefined && event_type !== undefined)
}

function matches(event: AssetOccurrence, { event_type, severity }: EventQuery): boolean {
  return (
    // Of an asset that is being erased.
    event.asset_id !== null &&
    (event_type === undefined || event.event_type === event_type) &&
    (severity === undefined || event.severity === severity)
  )
}
