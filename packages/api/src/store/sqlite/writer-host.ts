/**
 * The one writer of several processes: their stores send everything that they write to the process
 * that calls this, which has the thread. So what arrives from all of them is written together, and
 * no process waits for another's lock.
 *
 * It holds what the stores have sent and the thread has not written yet. A store's commit queue
 * sends one batch at a time, so that is at most a batch of each process.
 */

import type { Channel } from '@modulariot/platform/peers'
import { nextFlight } from '@modulariot/platform/single-flight'
import { answerCallsOf } from '@modulariot/platform/threads'
import type { SealedPieces } from '../store.ts'
import { createNews } from './news.ts'
import { describeRelayed, relayedErrorsOf } from './relayed-errors.ts'
import { type HostCalls, writerThread } from './writer-calls.ts'
import type { WriterData } from './writer-thread.ts'

export interface WriterHost {
  /**
   * Answers the store that was opened with the other end of the channel, until its process ends.
   * What it has sent by then is written, or is not; the outcome is dropped.
   */
  connect(channel: Channel): void
  /** Writes what has been sent, then ends the thread. Later calls throw StoreUnavailable. */
  close(): Promise<void>
}

/** The thread starts with the first call; until then this is a few functions. */
export function hostTelemetryWriter(data: WriterData): WriterHost {
  const thread = writerThread(data, relayedErrorsOf('writer'))
  const news = createNews()
  const compact = shared((maxBytes: number) => thread.call('compact', [maxBytes]))
  return {
    connect(channel) {
      const reader = news.open()
      channel.onClose(reader.close)
      answerCallsOf<HostCalls>(
        channel,
        {
          async append(batch, tenants) {
            const [own, moved] = withOwnMemory(batch)
            const outcomes = await thread.call('append', [[own]], { moved })
            news.tell(tenants, reader)
            return outcomes
          },
          news: (isFirst, signal) => reader.next(isFirst, signal),
          maintain: (nowMs, retentionDays) => thread.call('maintain', [nowMs, retentionDays]),
          setRetention: (org_id, days) => thread.call('setRetention', [org_id, days]),
          beginErasure: (tenant, asset_id) => thread.call('beginErasure', [tenant, asset_id]),
          erase: () => thread.call('erase', []),
          compact: (maxBytes) => compact(maxBytes),
        },
        describeRelayed,
      )
    },
    close: () => thread.close(),
  }
}

/** What arrives through a pipe are parts of larger buffers, which cannot be transferred. */
function withOwnMemory({ count, payload, pieces }: SealedPieces): [SealedPieces, ArrayBuffer[]] {
  const own = pieces.map((piece) => new Uint8Array(piece))
  return [{ count, payload, pieces: own }, own.map(({ buffer }) => buffer)]
}

/** Rebuilds for the erasures of all processes together; the limit is one of two (`erase.ts`). */
function shared<Result>(
  work: (limit: number) => Promise<Result>,
): (limit: number) => Promise<Result> {
  const flights = new Map<number, () => Promise<Result>>()
  return (limit) => {
    const flight = flights.get(limit) ?? nextFlight(() => work(limit))
    flights.set(limit, flight)
    return flight()
  }
}
