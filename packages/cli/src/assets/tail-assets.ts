/** `miot assets tail`: prints reports as they are stored, and reconnects when the stream breaks. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from '../command/context.ts'
import { onInterrupt } from '../command/interruption.ts'
import {
  type ApiSession,
  answerOf,
  isTemporary,
  openApiSession,
  type SessionOptions,
} from '../network/api-session.ts'
import { readEvents, type ServerEvent } from '../network/event-stream.ts'
import { queryOf } from '../network/query.ts'
import { utc } from '../terminal/times.ts'
import { type Gps, positionOf, speedOf } from './gps.ts'

export interface TailOptions extends SessionOptions {
  readonly asset?: string
  /** Ends after this many reports; without it, runs until interrupted. */
  readonly count?: number
}

/** Prints one line per report. After a broken connection it resumes at the last event. */
export async function tailAssets(context: Context, options: TailOptions): Promise<void> {
  const session = openApiSession(context, options)
  const controller = new AbortController()
  using _interrupted = onInterrupt(() => controller.abort())
  let left = options.count ?? Number.POSITIVE_INFINITY
  try {
    for await (const event of followEvents(session, options.asset, controller.signal)) {
      show(context, event)
      if (event.event === 'observation') left--
      if (left === 0) break
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error
  } finally {
    controller.abort()
  }
}

const RETRY_MS = 1000
/** Consecutive failures after which the command fails. */
const MAX_FAILURES = 30

/** The events of consecutive streams; each resumes after the last event of the one before. */
async function* followEvents(
  session: ApiSession,
  asset_id: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent> {
  let lastId: string | undefined
  for (let failures = 0; ; ) {
    try {
      const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
      const path = `/v1/assets/stream${queryOf({ asset_id })}`
      const response = await session.send(path, { headers, signal })
      if (response.status !== 200 || response.body === null) await answerOf(response)
      for await (const event of readEvents(response.body as AsyncIterable<Uint8Array>)) {
        failures = 0
        lastId = event.id ?? lastId
        if (event.event !== 'end' && event.event !== 'position') yield event
      }
    } catch (error) {
      failures++
      if (signal.aborted || !isTemporary(error) || failures === MAX_FAILURES) throw error
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}

interface ReportEvent {
  readonly asset_id: string
  readonly timestamp: string
  readonly report: { readonly gps?: Gps }
}

function show({ output }: Context, { event, data }: ServerEvent): void {
  const value: unknown = JSON.parse(data)
  output.line(value, () => {
    if (event === 'skipped') return `${Object(value).observations} reports were skipped`
    const { asset_id, timestamp, report } = value as ReportEvent
    return [utc(timestamp), asset_id, positionOf(report.gps), speedOf(report.gps)].join('  ')
  })
}
