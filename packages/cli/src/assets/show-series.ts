/** `miot assets positions|events`: what assets have reported, by device time. */

import type { EventReading, Position } from '@modulariot/sdk'
import type { Context } from '../command/context.ts'
import { openApiSession, type SessionOptions } from '../network/api-session.ts'
import { utc } from '../terminal/times.ts'
import { positionOf, speedOf } from './gps.ts'
import { assetPath, type Period, rowsOf, SERIES_PAGE } from './series.ts'

export interface SeriesOptions extends SessionOptions, Period {
  readonly limit: number
  /** Newest first. */
  readonly newest?: true
}

export interface EventOptions extends SeriesOptions {
  readonly type?: string
  readonly severity?: string
}

const MORE = 'There are more: raise --limit, or narrow --from and --to.'

export async function showPositions(
  context: Context,
  asset_id: string,
  options: SeriesOptions,
): Promise<void> {
  const session = openApiSession(context, options)
  const path = `${assetPath(asset_id)}/positions`
  const all = rowsOf<Position>(session, path, queryOfSeries(options), 'positions')
  const { rows: positions, more } = await take(all, options.limit)
  context.output.print({ asset_id, positions, more }, () => [
    ...context.output.table(
      ['MEASURED', 'POSITION', 'SPEED', 'HEADING', 'ALTITUDE'],
      positions.map((one) => [
        utc(one.timestamp),
        positionOf({ latitude: one.latitude, longitude: one.longitude }),
        one.speed === null ? '-' : speedOf({ speed: one.speed }),
        one.heading === null ? '-' : `${one.heading}°`,
        one.altitude === null ? '-' : `${one.altitude} m`,
      ]),
      'No position was found.',
    ),
    ...(more ? [MORE] : []),
  ])
}

/** @param asset_id undefined: of all assets. */
export async function showEvents(
  context: Context,
  asset_id: string | undefined,
  options: EventOptions,
): Promise<void> {
  const session = openApiSession(context, options)
  const { type, severity } = options
  const path = asset_id === undefined ? '/v1/events' : `${assetPath(asset_id)}/events`
  const query = { ...queryOfSeries(options), type, severity }
  const { rows: events, more } = await take(
    rowsOf<EventReading>(session, path, query, 'events'),
    options.limit,
  )
  context.output.print({ events, more }, () => [
    ...context.output.table(
      ['TIME', 'SEVERITY', 'TYPE', 'ASSET'],
      events.map((one) => [
        eventTime(one.timestamp),
        one.severity ?? '-',
        one.event_type,
        one.asset_id,
      ]),
      'No event was found.',
    ),
    ...(more ? [MORE] : []),
  ])
}

/** An event has its time as it was sent, perhaps in another zone. */
function eventTime(timestamp: string): string {
  const ms = Date.parse(timestamp)
  return Number.isNaN(ms) ? timestamp : utc(new Date(ms).toISOString())
}

function queryOfSeries({ from, to, newest, limit }: SeriesOptions) {
  // One row more than is shown, so that it is known whether there are more.
  const page = Math.min(SERIES_PAGE, limit + 1)
  return { from, to, order: newest ? 'desc' : undefined, limit: page }
}

async function take<Row>(
  rows: AsyncIterable<Row>,
  limit: number,
): Promise<{ rows: Row[]; more: boolean }> {
  const taken: Row[] = []
  for await (const row of rows) {
    if (taken.length === limit) return { rows: taken, more: true }
    taken.push(row)
  }
  return { rows: taken, more: false }
}
