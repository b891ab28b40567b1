/**
 * Where a store sends its writes: to a thread of its own, or through a channel to the process that
 * has the thread for all (`writer-host.ts`).
 */

import type { Channel } from '@modulariot/platform/peers'
import { type Caller, channelCaller } from '@modulariot/platform/threads'
import { isSealed, pack, Sealer } from '../packed.ts'
import type {
  AppendOutcome,
  Observation,
  SealedObservations,
  SealedPieces,
  TelemetryStore,
} from '../store.ts'
import { createWatchers, tenantsOf } from '../watchers.ts'
import { errorsOf } from './thread-errors.ts'
import { type HostCalls, type OtherWrites, writerThread } from './writer-calls.ts'
import type { WriterData } from './writer-thread.ts'

type Batch = readonly (Observation | SealedObservations)[]

export interface Writer {
  append(batch: Batch): Promise<AppendOutcome[]>
  readonly others: Pick<Caller<OtherWrites>, 'call'>
  readonly watch: TelemetryStore['watch']
  /** Waits for pending writes. Later calls throw StoreUnavailable. */
  close(): Promise<void>
}

/** A writer for this process only. */
export function ownWriter(data: WriterData): Writer {
  const thread = writerThread(data, errorsOf('writer'))
  const watchers = createWatchers()
  return {
    async append(batch) {
      const packed = batch.map((one) => (isSealed(one) ? one : pack(one)))
      const [first] = batch
      const alone = batch.length === 1 && first !== undefined && isSealed(first)
      const pieces = alone ? first.pieces : []
      const moved = pieces.map(({ buffer }) => buffer)
      const outcomes = await thread.call('append', [packed], { moved })
      watchers.notify(batch)
      return outcomes
    },
    others: thread,
    watch: watchers.add,
    close: () => thread.close(),
  }
}

/** @param channel to the process that called `hostTelemetryWriter`; for one store only. */
export function remoteWriter(channel: Channel): Writer {
  const host = channelCaller<HostCalls>(channel, errorsOf('writer'))
  const watchers = createWatchers()
  let following: AbortController | null = null

  /** While anything watches. The host remembers what happens between two of its answers. */
  async function follow(signal: AbortSignal): Promise<void> {
    try {
      for (let isFirst = true; ; isFirst = false) {
        watchers.notify(await host.call('news', [isFirst], { signal }))
      }
    } catch {
      // Nothing watches any more, or the host has ended, and this process will.
    }
  }

  return {
    async append(batch) {
      const outcomes = await host.call('append', [sealAll(batch), tenantsOf(batch)])
      watchers.notify(batch)
      return outcomes
    },
    others: host,
    watch(listener) {
      const end = watchers.add(listener)
      if (following === null) {
        following = new AbortController()
        void follow(following.signal)
      }
      return () => {
        end()
        if (!watchers.isEmpty()) return
        following?.abort()
        following = null
      }
    },
    close() {
      following?.abort()
      return host.close()
    },
  }
}

/** Bytes are copied faster than objects, and the host passes them on without decoding. */
function sealAll(batch: Batch): SealedPieces {
  const sealer = new Sealer()
  for (const one of batch) {
    if (isSealed(one)) sealer.addSealed(one)
    else sealer.add(one)
  }
  return sealer.pieces()
}
